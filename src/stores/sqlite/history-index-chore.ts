/**
 * When to fill History's indexes: two hundred milliseconds after a commit, and then one index a turn while any lacks
 * rows, so that each has its turn about every two hundred milliseconds and none holds the writer for long.
 *
 * Armed by commits; without any nothing happens.
 */
import { INDEX_COUNT } from './history-index.ts';
import type { Chore } from './threads-chore.ts';

const ROUND_MS = 200;
const TURN_MS = Math.floor(ROUND_MS / INDEX_COUNT);
/** After an error, such as a full disk: the rows stay in the unindexed tail meanwhile, and queries find them there. */
const AGAIN_MS = 5_000;

export interface HistoryIndexChoreOptions {
  after(delayMs: number, fire: () => void): () => void;
  /** Resolves to false if no index lacked any row. */
  turn(): Promise<boolean>;
  onError(error: unknown): void;
}

export function historyIndexChore(options: HistoryIndexChoreOptions): Chore {
  let hasCommitted = false;
  let isArmed = false;
  let isStopped = false;
  let running: Promise<void> | null = null;
  let cancel = (): void => {};

  function arm(delayMs: number): void {
    isArmed = true;
    cancel = options.after(delayMs, fire);
  }

  function fire(): void {
    hasCommitted = false;
    running = nextDelayMs().then((delayMs) => {
      running = null;
      if (delayMs === null || isStopped) isArmed = false;
      else arm(delayMs);
    });
  }

  /** Null when nothing is left to do. */
  async function nextDelayMs(): Promise<number | null> {
    try {
      if (await options.turn()) return TURN_MS;
      return hasCommitted ? ROUND_MS : null;
    } catch (error) {
      options.onError(error);
      return AGAIN_MS;
    }
  }

  return {
    committed() {
      hasCommitted = true;
      if (!isArmed && !isStopped) arm(ROUND_MS);
    },
    async stop() {
      isStopped = true;
      cancel();
      await running;
    },
  };
}
