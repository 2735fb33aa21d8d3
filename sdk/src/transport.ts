/**
 * One call over `fetch`: credential, timeout, abort, retries, and a body that is read up to a limit.
 *
 * Redirects are not followed, since they would carry the credential to another place or turn a POST into a GET.
 */
import type { Environment } from './environment.ts';
import {
  type Answer,
  ConnectionError,
  InvalidRequestError,
  type Operation,
  readAnswer,
  RequestAbortedError,
  RequestTimeoutError,
} from './errors.ts';
import { type RetryConfig, withRetries } from './retries.ts';

/** What makes the requests: `fetch`, or what behaves like it. */
export type HTTPClient = (url: string, init: RequestInit) => Promise<Response>;

/** Per call; each wins over the client's. */
export interface CallOptions {
  readonly retries?: RetryConfig;
  /** Of each attempt, its answer's body included. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiRequest {
  readonly operation: Operation;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Encoded, behind the base address. */
  readonly path: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly body?: unknown;
}

export interface Transport {
  /** Resolves with the JSON of a successful answer; rejects with one of errors.ts. */
  send(request: ApiRequest, options: CallOptions | undefined): Promise<unknown>;
}

export interface TransportSettings {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** Null: no credential is sent. */
  readonly token: string | null;
  readonly retries: RetryConfig;
  readonly timeoutMs: number;
  readonly httpClient: HTTPClient;
  readonly environment: Environment;
}

/** An answer that is larger isn't ours. */
const ANSWER_MAX_BYTES = 16 * 1024 * 1024;

export function transport(settings: TransportSettings): Transport {
  return {
    async send(request, options = {}) {
      const { signal, timeoutMs = settings.timeoutMs } = options;
      checkTimeout(timeoutMs);
      const url = urlOf(settings.baseUrl, request);
      const init = initOf(settings.token, request, options);
      const answerIn = { timeoutMs, signal, environment: settings.environment };
      return withRetries(options.retries ?? settings.retries, { environment: settings.environment, signal }, async () =>
        readAnswer(
          request.operation,
          await limited(answerIn, (abort) => exchange(settings.httpClient, url, { ...init, signal: abort })),
        ),
      );
    },
  };
}

export function checkTimeout(timeoutMs: number): void {
  if (!(timeoutMs > 0)) throw new InvalidRequestError('timeoutMs is not a number above 0');
}

function urlOf(baseUrl: string, { path, query = [] }: ApiRequest): string {
  const search = new URLSearchParams(query.map(([name, value]) => [name, value])).toString();
  return `${baseUrl}${path}${search === '' ? '' : `?${search}`}`;
}

function initOf(token: string | null, request: ApiRequest, options: CallOptions): RequestInit {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  if (request.body !== undefined) headers['content-type'] = 'application/json';
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = value;
  // Here rather than inside `fetch`, so that the caller's mistake doesn't look like a broken connection.
  return {
    method: request.method,
    headers: encodable('a header', () => new Headers(headers)),
    redirect: 'manual',
    ...(request.body === undefined ? {} : { body: encodable('the body', () => JSON.stringify(request.body)) }),
  };
}

/** What the runtime says of it isn't told: it may quote the value. */
function encodable<Encoded>(what: string, encode: () => Encoded): Encoded {
  try {
    return encode();
  } catch {
    throw new InvalidRequestError(`${what} can't be encoded`);
  }
}

async function exchange(httpClient: HTTPClient, url: string, init: RequestInit): Promise<Answer> {
  const response = await httpClient(url, init);
  return { response, body: await readBody(response) };
}

async function readBody(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > ANSWER_MAX_BYTES) {
      await reader.cancel();
      throw new ConnectionError(`the answer is larger than ${ANSWER_MAX_BYTES} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly environment: Environment;
}

/** Runs it under the time limit and the caller's signal, and tells by the error's class which of them ended it. */
async function limited<Result>(
  { timeoutMs, signal, environment }: Limits,
  run: (abort: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const aborted = (): RequestAbortedError => new RequestAbortedError('the call was aborted', { cause: signal?.reason });
  if (signal?.aborted) throw aborted();
  const controller = new AbortController();
  const forward = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', forward, { once: true });
  let isLate = false;
  const cancel = environment.after(timeoutMs, () => {
    isLate = true;
    controller.abort();
  });
  try {
    return await run(controller.signal);
  } catch (error) {
    if (signal?.aborted) throw aborted();
    if (isLate) throw new RequestTimeoutError(`no complete answer within ${timeoutMs} ms`, { cause: error });
    if (error instanceof ConnectionError) throw error;
    throw new ConnectionError(`no answer: ${reasonOf(error)}`, { cause: error });
  } finally {
    cancel();
    signal?.removeEventListener('abort', forward);
  }
}

/** `fetch` says only that it failed; what failed is behind it, where the runtime tells. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return String(inner);
  return inner.message === '' ? inner.name : inner.message;
}
