/** The program's own HTTP client with short limits and loopback allowed, and requests with defaults, for tests. */
import { addressGuard } from '../../src/net/address-guard.ts';
import { httpClient, type HttpClientOptions } from '../../src/net/http-client.ts';
import type { HttpClient, HttpRequest } from '../../src/ports/http-client.ts';

/** Limits are far beyond what loopback needs, so that only a test that sets one can run into it. */
export function outboundClient(options: Partial<HttpClientOptions> = {}): HttpClient & { close(): Promise<void> } {
  return httpClient({
    guard: addressGuard({ allowedNetworks: ['127.0.0.0/8', '::1'] }),
    connectTimeoutMs: 30_000,
    firstByteTimeoutMs: 30_000,
    totalTimeoutMs: 30_000,
    responseMaxBytes: 1_000,
    connectionsPerOrigin: 4,
    maxConnectionAgeMs: 60_000,
    userAgent: 'outpost-test/1',
    clock: { after: realTimer },
    ...options,
  });
}

export function outboundRequest(url: string, options: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'POST',
    url,
    headers: [['content-type', 'application/json']],
    body: Buffer.from('{}'),
    signal: new AbortController().signal,
    ...options,
  };
}

function realTimer(delayMs: number, fire: () => void): () => void {
  const timer = setTimeout(fire, delayMs);
  return () => clearTimeout(timer);
}

/** Timers that fire when a test says so. */
export function manualTimers(): {
  after(delayMs: number, fire: () => void): () => void;
  fireAll(): void;
  readonly size: number;
} {
  const timers = new Set<() => void>();
  return {
    after(_delayMs, fire) {
      timers.add(fire);
      return () => timers.delete(fire);
    },
    fireAll() {
      for (const fire of [...timers]) {
        timers.delete(fire);
        fire();
      }
    },
    get size() {
      return timers.size;
    },
  };
}
