/**
 * HTTP out, over undici: one pool of connections per origin, HTTP/1.1, no redirects, no proxy, whatever the environment
 * says. Every failure is a value.
 *
 * The time limits are undici's for connect and first byte, and one timer a request for the whole: a signal with a
 * timeout costs half as much as the request itself.
 */
import type { LookupFunction } from 'node:net';
import { Agent, Pool } from 'undici';
import type { Clock } from '../ports/clock.ts';
import type { HttpClient, HttpRequest, HttpResult } from '../ports/http-client.ts';
import type { AddressGuard } from './address-guard.ts';
import { Exchange } from './exchange.ts';
import { guardedConnector } from './guarded-connector.ts';
import { type RequestTarget, requestTargets } from './request-target.ts';
import { failure, type HttpFailure, SHUT_DOWN } from './transport-error.ts';

export interface HttpClientOptions {
  readonly guard: AddressGuard;
  /** For name, connection and TLS handshake together; undici's coarse timers keep it to within a second. */
  readonly connectTimeoutMs: number;
  /** From the request's last byte to the head of the answer; likewise. */
  readonly firstByteTimeoutMs: number;
  /** From `send` to the last byte of the answer, waiting for a connection included; exact. */
  readonly totalTimeoutMs: number;
  readonly responseMaxBytes: number;
  readonly connectionsPerOrigin: number;
  /** No request starts on an older connection, so that a name that moved is resolved, and judged, again. */
  readonly maxConnectionAgeMs: number;
  /** Sent unless a request has its own. */
  readonly userAgent: string;
  readonly clock: Pick<Clock, 'after'>;
  /** What resolves names; the system's own by default. */
  readonly lookup?: LookupFunction;
}

/** How long an idle connection is kept: shorter than what servers use, so that they seldom close it under a request. */
const IDLE_MS = 4_000;
/** Where a server says how long it keeps an idle connection, at most this. */
const IDLE_MAX_MS = 60_000;

/** @returns a client whose `close` ends what is under way as aborted, and resolves once every connection is closed */
export function httpClient(options: HttpClientOptions): HttpClient & { close(): Promise<void> } {
  const { clock, totalTimeoutMs, responseMaxBytes } = options;
  const connector = guardedConnector(options);
  const agent = new Agent({
    // undici takes a plain client for one connection, which knows no age.
    factory: (origin, poolOptions) => new Pool(origin, poolOptions),
    connect: connector.connect,
    connections: options.connectionsPerOrigin,
    pipelining: 1,
    allowH2: false,
    headersTimeout: options.firstByteTimeoutMs,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MAX_MS,
    clientTtl: options.maxConnectionAgeMs,
  });
  const targetOf = requestTargets();
  const underWay = new Set<Exchange>();
  const watched = new WeakSet<AbortSignal>();
  // One listener for all requests of a signal: it is usually the same for the life of the process.
  const watch = (signal: AbortSignal): void => {
    if (watched.has(signal)) return;
    watched.add(signal);
    const giveUp = (): void => {
      for (const exchange of underWay) if (exchange.signal === signal) exchange.giveUp(SHUT_DOWN);
    };
    signal.addEventListener('abort', giveUp, { once: true });
  };

  return {
    send(request) {
      const target = targetOf(request.url);
      if (target === null) return Promise.resolve(failure('network_error', 'the URL is not an HTTP URL'));
      if (request.signal.aborted) return Promise.resolve(SHUT_DOWN);
      watch(request.signal);
      return new Promise<HttpResult>((resolve) => {
        const settled = (exchange: Exchange, result: HttpResult): void => {
          underWay.delete(exchange);
          cancel();
          resolve(result);
        };
        const exchange = new Exchange({ target, signal: request.signal, responseMaxBytes, settled });
        underWay.add(exchange);
        const cancel = clock.after(totalTimeoutMs, () => exchange.giveUp(timedOut(target, exchange)));
        agent.dispatch(
          {
            origin: target.origin,
            path: target.path,
            method: request.method,
            headers: wireHeaders(request.headers, options.userAgent),
            body: request.body,
          },
          exchange,
        );
      });
    },
    async close() {
      for (const exchange of underWay) exchange.giveUp(SHUT_DOWN);
      connector.close();
      await agent.destroy();
    },
  };
}

function timedOut(target: RequestTarget, exchange: Exchange): HttpFailure {
  const what = exchange.isSent ? 'no answer from' : 'no connection to';
  return failure('timeout', `${what} ${target.origin} in time`);
}

/** Headers that are the connection's or undici's to set; a setting or a metadata key of such a name is left out. */
const FRAMING = /^(?:host|content-length|transfer-encoding|trailer|te|connection|keep-alive|upgrade|expect)$/i;

/** Name, value, name, value, … as undici wants it. Of two headers of one name the first is sent. */
function wireHeaders(headers: HttpRequest['headers'], userAgent: string): string[] {
  const wire: string[] = [];
  const names = new Set<string>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (names.has(lower) || FRAMING.test(name)) continue;
    names.add(lower);
    wire.push(name, utf8Value(value));
  }
  if (!names.has('user-agent')) wire.unshift('user-agent', userAgent);
  return wire;
}

/** undici writes a character a byte: this makes the bytes those of UTF-8. */
function utf8Value(value: string): string {
  return /[^\u0000-\u007f]/.test(value) ? Buffer.from(value, 'utf8').toString('latin1') : value;
}
