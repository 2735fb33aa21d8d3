/**
 * What has to be done in the store beside deliveries, in chunks and in the background: recovering the leases of an
 * earlier life of the process, and ending the deliveries of deleted destinations. Neither polls: recovery runs once,
 * the other when somebody deleted a destination.
 */
import type { Service } from '../lib/service.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ledger } from '../ports/ledger.ts';

/** Deliveries looked at in one commit of recovery: about 5 ms of the writer's time. */
const RECOVER_CHUNK = 2_000;
const REMOVE_CHUNK = 500;
/** After a refused commit. */
const PAUSE_MS = 1_000;

export interface Chores extends Service {
  /** Tells that a destination was deleted. */
  wake(): void;
}

export function chores(deps: {
  readonly ledger: Pick<Ledger, 'recover' | 'removeDeleted'>;
  readonly clock: Clock;
  /** Called after each chunk that made something due. */
  readonly onRecovered: (count: number) => void;
  readonly onError: (error: unknown, doing: string) => void;
}): Chores {
  const { ledger, clock } = deps;
  let isStarted = false;
  let isStopping = false;
  let isRecovered = false;
  let isAsked = true;
  let isPaused = false;
  let running: Promise<void> | null = null;
  let cancelPause = (): void => {};

  async function work(): Promise<void> {
    while (!isRecovered && !isStopping) {
      const { recovered, done } = await ledger.recover(RECOVER_CHUNK, clock.now());
      isRecovered = done;
      if (recovered > 0) deps.onRecovered(recovered);
    }
    while (isAsked && !isStopping) {
      isAsked = false;
      const removed = await ledger.removeDeleted(REMOVE_CHUNK, clock.now());
      if (removed === REMOVE_CHUNK) isAsked = true;
    }
  }

  function run(): void {
    if (!isStarted || isStopping || isPaused || running !== null) return;
    running = work()
      .catch((error: unknown) => {
        deps.onError(error, 'chores');
        isAsked = true;
        isPaused = true;
        cancelPause = clock.after(PAUSE_MS, () => {
          isPaused = false;
          run();
        });
      })
      .finally(() => {
        running = null;
        // Asked for after the last look and before this moment.
        if (isAsked) run();
      });
  }

  return {
    name: 'chores',
    start() {
      isStarted = true;
      run();
    },
    wake() {
      isAsked = true;
      run();
    },
    async stop() {
      isStopping = true;
      cancelPause();
      await running;
    },
  };
}
