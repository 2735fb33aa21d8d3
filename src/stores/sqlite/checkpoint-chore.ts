/**
 * When to checkpoint: small and often. A long log takes the writer tens of milliseconds at once, and a passive
 * checkpoint from another thread never catches a busy writer's last frames, so that the log would grow for ever: after
 * the other thread's piece the writer moves the last one, and its next commit begins the log anew.
 *
 * Armed by commits; without any nothing happens.
 */
import type { Chore } from './threads-chore.ts';
import type { CheckpointResult } from './checkpoint.ts';

const COMMITS = 20;
/** On a disk with a slow flush twenty commits would come sooner than a checkpoint pays. */
const SPACING_MS = 50;
/** After the last of fewer commits than that. */
const QUIET_MS = 1_000;
/** How long the log may be before the writer takes part. */
const FRAMES = 1_000;

export interface CheckpointChoreOptions {
  after(delayMs: number, fire: () => void): () => void;
  monotonicMs(): number;
  /** By the thread that has time. */
  checkpoint(): Promise<CheckpointResult>;
  /** By the writer, between two commits. */
  finish(): Promise<CheckpointResult>;
  onError(error: unknown): void;
}

export function checkpointChore(options: CheckpointChoreOptions): Chore {
  let commits = 0;
  let running: Promise<void> | null = null;
  let isStopped = false;
  let endedMs = Number.NEGATIVE_INFINITY;
  let cancel = (): void => {};

  function arm(): void {
    if (isStopped || running !== null || commits === 0) return;
    cancel();
    const delayMs = commits < COMMITS ? QUIET_MS : Math.max(0, endedMs + SPACING_MS - options.monotonicMs());
    cancel = options.after(delayMs, fire);
  }

  function fire(): void {
    commits = 0;
    running = run().then(() => {
      endedMs = options.monotonicMs();
      running = null;
      arm();
    });
  }

  async function run(): Promise<void> {
    try {
      const { frames } = await options.checkpoint();
      if (frames > FRAMES) await options.finish();
    } catch (error) {
      options.onError(error);
    }
  }

  return {
    committed() {
      commits++;
      if (commits === 1 || commits === COMMITS) arm();
    },
    async stop() {
      isStopped = true;
      cancel();
      await running;
    },
  };
}
