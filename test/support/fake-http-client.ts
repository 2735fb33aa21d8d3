/** An HTTP client without a network: keeps what it was asked to send and answers what the test says. */
import type { HttpClient, HttpRequest, HttpResult } from '../../src/ports/http-client.ts';

export interface FakeHttpClient extends HttpClient {
  readonly requests: HttpRequest[];
  /** What the next requests are answered with. */
  answer: HttpResult;
}

export function fakeHttpClient(first: HttpResult = httpAnswer()): FakeHttpClient {
  const client: FakeHttpClient = {
    requests: [],
    answer: first,
    async send(request) {
      client.requests.push(request);
      return client.answer;
    },
  };
  return client;
}

export function httpAnswer(
  more: {
    status?: number;
    headers?: Record<string, string | string[]>;
    body?: string | Uint8Array;
    tooLong?: boolean;
  } = {},
): HttpResult {
  const { status = 200, headers = {}, body = 'ok', tooLong = false } = more;
  return { ok: true, status, headers, body: typeof body === 'string' ? Buffer.from(body) : body, tooLong };
}

/** The headers by name in lower case; throws if a name was given twice. */
export function headersOf(request: HttpRequest | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of request?.headers ?? []) {
    const lower = name.toLowerCase();
    if (Object.hasOwn(headers, lower)) throw new Error(`the header ${lower} was given twice`);
    headers[lower] = value;
  }
  return headers;
}
