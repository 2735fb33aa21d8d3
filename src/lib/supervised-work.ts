/**
 * Work that is done when somebody asks for it, never twice at a time, and that no failure ends: what it throws is told,
 * and it is done again after a pause that doubles up to a limit and is drawn, so that many don't come back together.
 * Nothing here polls.
 *
 *   idle ──wake──► running ──► idle, or running again if it was asked for meanwhile
 *                     └─throws─► paused ──► running
 */
import type { Service } from './service.ts';

export interface SupervisedWork extends Service {
  /** Asks for the work to be done. What is asked for while it runs, pauses or has not started is done afterwards. */
  wake(): void;
  /** False from a failure until the work has been done once without one. */
  readonly isWorking: boolean;
}

export interface SupervisedWorkOptions {
  readonly name: string;
  work(): Promise<void>;
  /** Calls back once after the delay; returns what cancels it. */
  after(delayMs: number, fire: () => void): () => void;
  /** In [0, 1). */
  random(): number;
  /** The pause after the first failure in a row, and the longest; each is drawn from its upper half. */
  readonly pause: { readonly leastMs: number; readonly mostMs: number };
  onCrash(error: unknown, name: string): void;
}

export function supervisedWork(options: SupervisedWorkOptions): SupervisedWork {
  let isStarted = false;
  let isStopping = false;
  let isAsked = false;
  let isPaused = false;
  let failures = 0;
  let running: Promise<void> | null = null;
  let cancelPause = (): void => {};

  function run(): void {
    if (!isStarted || isStopping || isPaused || !isAsked || running !== null) return;
    isAsked = false;
    running = attempt().finally(() => {
      running = null;
      run();
    });
  }

  async function attempt(): Promise<void> {
    try {
      await options.work();
      failures = 0;
    } catch (error) {
      failures += 1;
      isAsked = true;
      isPaused = true;
      options.onCrash(error, options.name);
      const longestMs = Math.min(options.pause.leastMs * 2 ** (failures - 1), options.pause.mostMs);
      cancelPause = options.after(Math.round(longestMs * (0.5 + options.random() / 2)), () => {
        isPaused = false;
        run();
      });
    }
  }

  return {
    name: options.name,
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
    get isWorking() {
      return failures === 0;
    },
  };
}
