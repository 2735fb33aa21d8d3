/**
 * An HTTP receiver for tests: keeps every request with its raw headers and exact body, and answers by script.
 *
 * A test awaits requests by number; nothing here measures or waits for time.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  /** From 1, in order of arrival of the whole request. */
  readonly number: number;
  readonly method: string;
  /** Path and query as they came. */
  readonly path: string;
  /** In order, names as they came; values one character a byte. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The value of a header by its name in any case, or null. */
  header(name: string): string | null;
  readonly body: Buffer;
}

export interface Reply {
  /** 200 by default. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
}

/** What to answer: a reply, `hang` for none at all, `reset` to cut the connection; a function may take its time. */
export type Answer = Reply | 'hang' | 'reset';
export type Script = Answer | ((request: ReceivedRequest) => Answer | Promise<Answer>);

export interface Receiver {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  readonly requests: readonly ReceivedRequest[];
  /** Requests without an answer now, and the most there have been at a time. */
  readonly open: number;
  readonly mostOpen: number;
  /** Answers what comes from now on; with a path (query left out of the comparison) only what comes there. */
  answer(script: Script, path?: string): void;
  /** Resolves once the n-th request (from 1) is there. */
  request(number: number): Promise<ReceivedRequest>;
  /** Cuts what is open, and resolves when nothing of it runs. */
  close(): Promise<void>;
}

/** Starts one that answers everything with `script`. */
export async function receiver(script: Script = {}, options: { readonly host?: string } = {}): Promise<Receiver> {
  const host = options.host ?? '127.0.0.1';
  const requests: ReceivedRequest[] = [];
  const waiting = new Map<number, PromiseWithResolvers<ReceivedRequest>>();
  const byPath = new Map<string, Script>();
  let fallback = script;
  let open = 0;
  let mostOpen = 0;

  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(message);
    if (body === null) return;
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    response.once('close', () => (open -= 1));
    const request = received(message, body, requests.length + 1);
    requests.push(request);
    waiting.get(request.number)?.resolve(request);
    const chosen = byPath.get(request.path.split('?')[0] ?? '') ?? fallback;
    const answer = typeof chosen === 'function' ? await chosen(request) : chosen;
    if (answer === 'hang') return;
    if (answer === 'reset') message.socket.resetAndDestroy();
    else response.writeHead(answer.status ?? 200, answer.headers).end(answer.body ?? '');
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, (message, response) => void serve(message, response));
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    requests,
    get open() {
      return open;
    },
    get mostOpen() {
      return mostOpen;
    },
    answer(next, path) {
      if (path === undefined) fallback = next;
      else byPath.set(path, next);
    },
    request(number) {
      const known = requests[number - 1];
      if (known !== undefined) return Promise.resolve(known);
      const waiter = waiting.get(number) ?? Promise.withResolvers<ReceivedRequest>();
      waiting.set(number, waiter);
      return waiter.promise;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The whole body, or null if the client went away first. */
async function bodyOf(message: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of message) chunks.push(chunk as Buffer);
  } catch {
    return null;
  }
  return Buffer.concat(chunks);
}

function received(message: IncomingMessage, body: Buffer, number: number): ReceivedRequest {
  const headers: [string, string][] = [];
  for (let n = 0; n < message.rawHeaders.length; n += 2) {
    headers.push([message.rawHeaders[n] ?? '', message.rawHeaders[n + 1] ?? '']);
  }
  return {
    number,
    method: message.method ?? '',
    path: message.url ?? '',
    headers,
    header: (name) => headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1] ?? null,
    body,
  };
}
