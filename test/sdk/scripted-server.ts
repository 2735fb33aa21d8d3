/** A server that answers as it is told and remembers what it was asked: on a real socket, since `fetch` is part of the test. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** No answer at all, as long as the server runs. */
export type Rule = (request: SeenRequest) => ScriptedAnswer | 'hang';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface ScriptedServer {
  /** With the API's `/api/v1`. */
  readonly serverURL: string;
  /** All requests so far. */
  readonly seen: readonly SeenRequest[];
  /** The answers of the next requests, in turn; the last one stays. */
  answer(...answers: readonly ScriptedAnswer[]): void;
  /** Answers every request by what it is. */
  answerBy(rule: Rule): void;
  close(): Promise<void>;
}

/** A body of JSON with its content type, as the API answers. */
export function jsonAnswer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): ScriptedAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  };
}

export async function scriptedServer(): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  let rule: Rule = () => jsonAnswer(500, { message: 'nothing is scripted' });
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const asked: SeenRequest = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      seen.push(asked);
      const answer = rule(asked);
      if (answer !== 'hang') response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    serverURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`,
    seen,
    answer(...answers) {
      let next = 0;
      rule = () => answers[Math.min(next++, answers.length - 1)]!;
    },
    answerBy(given) {
      rule = given;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
