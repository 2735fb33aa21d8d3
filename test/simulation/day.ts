/** One simulated day with its verdict: which promise broke, and the trace that two runs of one seed must share. */
import { AssertionError } from 'node:assert/strict';
import { judge } from './oracle.ts';
import type { Trace } from './trace.ts';
import { type OpenSender, simulate, type SimulatedDriver } from './world.ts';

export interface Day {
  /** What the oracle says is broken, or the error that ended the day; null if every promise was kept. */
  readonly broken: string | null;
  /** Null if the day did not come to its end. */
  readonly trace: Trace | null;
}

export async function simulatedDay(options: {
  readonly seed: number;
  readonly driver: SimulatedDriver;
  readonly openSender: OpenSender;
}): Promise<Day> {
  let broken: string | null = null;
  try {
    const trace = await simulate(options, async (outcome) => {
      // Kept instead of thrown, since a broken day has a trace as well.
      await judge(outcome).catch((error: unknown) => (broken = describeError(error)));
    });
    return { broken, trace };
  } catch (error) {
    return { broken: describeError(error), trace: null };
  }
}

/** What to type to see a day again. */
export function replayCommand(driver: string, seed: number): string {
  return `npm run simulate -- --driver ${driver} --seed ${seed} --trace`;
}

const describeError = (error: unknown): string => (error instanceof AssertionError ? error.message : String(error));
