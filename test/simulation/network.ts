/**
 * The simulated receivers and the way to them. A request that has left arrives even if the process that sent it dies:
 * what arrived is the receivers' own record, and the oracle believes nothing else.
 */
import type { EventPayload } from '../../src/domain/event.ts';
import type { HttpClient, HttpRequest, HttpResult } from '../../src/ports/http-client.ts';
import type { Life } from './life.ts';
import type { Seeded } from './seeded.ts';
import type { Trace } from './trace.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The total timeout of a simulated delivery. */
export const TIMEOUT_MS = 5_000;

export type Behaviour =
  | { readonly kind: 'ok'; readonly delayMs: number }
  | { readonly kind: 'fails_first'; readonly times: number }
  | { readonly kind: 'hangs' }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter: string | null }
  | { readonly kind: 'flaky'; readonly share: number };

/** A request that arrived. */
export interface Post {
  readonly eventId: string;
  readonly destinationId: string;
  readonly atMs: number;
  readonly wasTaken: boolean;
  readonly bodyIsIntact: boolean;
}

export interface Network {
  client(life: Life): HttpClient;
  setBehaviour(destinationId: string, behaviour: Behaviour): void;
  /** From now on every receiver takes what it gets, but those that answer 410 for ever. */
  heal(): void;
  /** What a published event's bytes are, to compare with what arrives. */
  expect(eventId: string, data: EventPayload['data']): void;
  readonly posts: readonly Post[];
}

export function network(clock: VirtualClock, random: Seeded, trace: Trace): Network {
  const behaviours = new Map<string, Behaviour>();
  const expected = new Map<string, Buffer>();
  const seen = new Map<string, number>();
  const posts: Post[] = [];
  let isHealed = false;

  function answer(
    destinationId: string,
    eventId: string,
  ): { status: number; delayMs: number; retryAfter: string | null } {
    const behaviour = behaviours.get(destinationId) ?? { kind: 'ok', delayMs: 5 };
    const key = `${destinationId} ${eventId}`;
    const times = (seen.get(key) ?? 0) + 1;
    seen.set(key, times);
    const isGone = behaviour.kind === 'status' && behaviour.status === 410;
    if (isHealed && !isGone) return { status: 200, delayMs: 5, retryAfter: null };
    switch (behaviour.kind) {
      case 'ok':
        return { status: 200, delayMs: behaviour.delayMs, retryAfter: null };
      case 'fails_first':
        return { status: times <= behaviour.times ? 500 : 200, delayMs: 5, retryAfter: null };
      case 'hangs':
        return { status: 200, delayMs: TIMEOUT_MS * 10, retryAfter: null };
      case 'status':
        return { status: behaviour.status, delayMs: 5, retryAfter: behaviour.retryAfter };
      case 'flaky':
        return {
          status: random.chance(behaviour.share) ? 500 : 200,
          delayMs: random.between(1, 400),
          retryAfter: null,
        };
    }
  }

  function arrive(request: HttpRequest): { status: number; delayMs: number; retryAfter: string | null } {
    const destinationId = new URL(request.url).pathname.slice(1);
    const eventId = request.headers.find(([name]) => name.toLowerCase() === 'x-outpost-event-id')?.[1] ?? '';
    const reply = answer(destinationId, eventId);
    const wasTaken = reply.status >= 200 && reply.status < 300 && reply.delayMs < TIMEOUT_MS;
    const bodyIsIntact = expected.get(eventId)?.equals(request.body) ?? false;
    posts.push({ eventId, destinationId, atMs: clock.monotonicMs(), wasTaken, bodyIsIntact });
    trace(`post ${eventId} ${destinationId} ${reply.status}`);
    return reply;
  }

  return {
    posts,
    client: (life) => ({
      send: (request) =>
        new Promise<HttpResult>((resolve) => {
          const finish = (result: HttpResult): void => {
            if (!life.isDead) resolve(result);
          };
          clock.after(random.between(1, 20), () => {
            // A process that died before its request left sends none; half of the time the request was out already.
            if (life.isDead && random.chance(0.5)) return;
            const reply = arrive(request);
            if (reply.delayMs >= TIMEOUT_MS) {
              clock.after(TIMEOUT_MS, () =>
                finish({ ok: false, code: 'timeout', detail: 'no answer in time', aborted: false }),
              );
              return;
            }
            const headers = reply.retryAfter === null ? {} : { 'retry-after': reply.retryAfter };
            clock.after(reply.delayMs, () =>
              finish({ ok: true, status: reply.status, headers, body: new Uint8Array(), tooLong: false }),
            );
          });
        }),
    }),
    setBehaviour(destinationId, behaviour) {
      behaviours.set(destinationId, behaviour);
    },
    heal() {
      isHealed = true;
    },
    expect(eventId, data) {
      expected.set(eventId, Buffer.from(data));
    },
  };
}
