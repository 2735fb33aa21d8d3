/**
 * The destinations that deliveries go to now, with an open sender each. What is cached is checked before each request:
 * a change of a destination is announced by `forget`, and the next attempt sees the new settings, secret and switch.
 */
import { LRUCache } from 'lru-cache';
import type { Destination } from '../domain/destination.ts';
import type { LaneNumber } from '../domain/ids.ts';
import { AppError } from '../lib/errors.ts';
import type { Directory } from '../ports/directory.ts';
import type { Sender } from '../ports/provider.ts';

/** Senders kept open; a webhook's costs about 1 KiB. */
const OPEN_LANES_MAX = 10_000;
/** A load that `forget` overtook is repeated, at most so often in a row. */
const RELOADS_MAX = 5;

export interface OpenLane {
  readonly destination: Destination;
  readonly sender: Sender;
}

export interface OpenLanes {
  /** What is known at once: no waiting between this check and the request. */
  peek(lane: LaneNumber): OpenLane | undefined;
  /**
   * Null once the destination is deleted.
   * @throws AppError `concurrent_change` when it changes faster than it can be read
   */
  load(lane: LaneNumber): Promise<OpenLane | null>;
  forget(lane: LaneNumber): void;
  /** Closes every sender. */
  close(): Promise<void>;
}

export function openLanes(deps: {
  readonly directory: Pick<Directory, 'findLane'>;
  readonly openSender: (destination: Destination) => Sender;
  /** Gets the errors of senders that failed to close; nobody else waits for them. */
  readonly onCloseError: (error: unknown) => void;
}): OpenLanes {
  const closing = new Set<Promise<void>>();
  const kept = new LRUCache<LaneNumber, OpenLane>({ max: OPEN_LANES_MAX, dispose: (lane) => close(lane) });
  const loading = new Map<LaneNumber, Promise<OpenLane | null | 'overtaken'>>();

  function close({ sender }: OpenLane): void {
    const done: Promise<void> = sender
      .close()
      .catch(deps.onCloseError)
      .finally(() => closing.delete(done));
    closing.add(done);
  }

  function startLoad(lane: LaneNumber): Promise<OpenLane | null | 'overtaken'> {
    const running: Promise<OpenLane | null | 'overtaken'> = deps.directory
      .findLane(lane)
      .then((destination) => {
        // It may have been read before the change that `forget` told of.
        if (loading.get(lane) !== running) return 'overtaken';
        if (destination === null) return null;
        const open = { destination, sender: deps.openSender(destination) };
        kept.set(lane, open);
        return open;
      })
      .finally(() => {
        if (loading.get(lane) === running) loading.delete(lane);
      });
    loading.set(lane, running);
    return running;
  }

  return {
    peek: (lane) => kept.get(lane),
    async load(lane) {
      for (let reloads = 0; reloads <= RELOADS_MAX; reloads += 1) {
        const open = await (loading.get(lane) ?? startLoad(lane));
        if (open !== 'overtaken') return open;
      }
      throw new AppError('concurrent_change', 'the destination changes faster than it can be read');
    },
    forget(lane) {
      loading.delete(lane);
      kept.delete(lane);
    },
    async close() {
      kept.clear();
      await Promise.all(closing);
    },
  };
}
