/** A client's clocks, chance and timer under a test's hand: a wait ends at once and moves both clocks by its length. */
import type { Environment } from '../../sdk/src/outpost-sdk.ts';

export interface FakeEnvironment extends Environment {
  /** Lengths of the waits so far, the attempts' time limits not among them. */
  readonly waits: readonly number[];
}

/**
 * @param timeoutMs the attempts' limit, whose timer never fires here
 * @param random what chance says
 * @param onWait instead of letting the wait end
 */
export function fakeEnvironment(
  timeoutMs: number,
  { random = 1, onWait }: { readonly random?: number; readonly onWait?: (ms: number) => void } = {},
): FakeEnvironment {
  const waits: number[] = [];
  let elapsed = 0;
  return {
    waits,
    now: () => elapsed,
    time: () => Date.UTC(2026, 0, 1) + elapsed,
    random: () => random,
    after(ms, run) {
      if (ms === timeoutMs) return () => {};
      waits.push(ms);
      if (onWait !== undefined) {
        onWait(ms);
        return () => {};
      }
      elapsed += ms;
      queueMicrotask(run);
      return () => {};
    },
  };
}
