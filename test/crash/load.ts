/**
 * Publishers that keep a steady rate and repeat, under the same id, whatever was not acknowledged: the server may be
 * down, may die before it answers, or may have committed without saying so.
 */
import { publish } from './api.ts';

/** A publisher waits so long before it repeats. */
const REPEAT_AFTER_MS = 50;

export interface Load {
  /** Destinations that the 202 named, by event id. */
  readonly acked: ReadonlyMap<string, readonly string[]>;
  /** Calls back at each 202 from now on. */
  onAck(listener: (() => void) | null): void;
  /** Publishes nothing new, and resolves when everything begun is acknowledged. */
  finish(): Promise<void>;
  /** Publishes nothing new and repeats nothing: the run has failed. */
  abandon(): void;
}

export function load(options: {
  readonly url: string;
  readonly tenants: readonly string[];
  readonly eventsPerSecond: number;
}): Load {
  const acked = new Map<string, readonly string[]>();
  const publishing = new Set<Promise<void>>();
  let listener: (() => void) | null = null;
  let count = 0;
  let isAbandoned = false;

  async function publishOne(tenant: string, id: string): Promise<void> {
    while (!isAbandoned) {
      try {
        acked.set(id, await publish(options.url, tenant, id));
        listener?.();
        return;
      } catch {
        // Refused, reset or overloaded: all the same to a publisher.
        await new Promise((resolve) => {
          setTimeout(resolve, REPEAT_AFTER_MS);
        });
      }
    }
  }

  const timer = setInterval(() => {
    // While the server is down the publishers queue up; this bounds them.
    if (publishing.size > 400) return;
    count += 1;
    const tenant = options.tenants[count % options.tenants.length]!;
    const done: Promise<void> = publishOne(tenant, `evt_${count}`).finally(() => publishing.delete(done));
    publishing.add(done);
  }, 1_000 / options.eventsPerSecond);

  return {
    acked,
    onAck(next) {
      listener = next;
    },
    async finish() {
      clearInterval(timer);
      await Promise.all(publishing);
    },
    abandon() {
      clearInterval(timer);
      isAbandoned = true;
    },
  };
}
