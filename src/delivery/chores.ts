/**
 * What has to be done in the store beside deliveries, in chunks and in the background: recovering the leases of an
 * earlier life of the process, once, and ending the deliveries of deleted destinations, when one was deleted.
 */
import { channel } from 'node:diagnostics_channel';
import { supervisedWork, type SupervisedWork } from '../lib/supervised-work.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Ledger } from '../ports/ledger.ts';

/** Deliveries looked at in one commit of recovery: about 5 ms of the writer's time. */
const RECOVER_CHUNK = 2_000;
const REMOVE_CHUNK = 500;
/** After a refused commit. */
const PAUSE = { leastMs: 500, mostMs: 10_000 };

/** Published when leases of an earlier life are in the log as interrupted attempts: `{ count }`. */
const interrupted = channel('delivery.interrupted');

export function chores(deps: {
  readonly ledger: Pick<Ledger, 'recover' | 'removeDeleted'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Called after each chunk that made something due. */
  readonly onRecovered: (count: number) => void;
  readonly onError: (error: unknown, doing: string) => void;
}): SupervisedWork {
  const { ledger, clock } = deps;
  let isRecovered = false;
  let isStopping = false;

  const self = supervisedWork({
    name: 'chores',
    async work() {
      while (!isRecovered && !isStopping) {
        const { recovered, done } = await ledger.recover(RECOVER_CHUNK, clock.now());
        isRecovered = done;
        if (recovered === 0) continue;
        interrupted.publish({ count: recovered });
        deps.onRecovered(recovered);
      }
      while (!isStopping) {
        const removed = await ledger.removeDeleted(REMOVE_CHUNK, clock.now());
        if (removed < REMOVE_CHUNK) return;
      }
    },
    after: clock.after,
    random: deps.random,
    pause: PAUSE,
    onCrash: deps.onError,
  });
  self.wake();
  return {
    ...self,
    get isWorking() {
      return self.isWorking;
    },
    stop() {
      isStopping = true;
      return self.stop();
    },
  };
}
