/** The machine's own time. Timers don't keep the process alive by themselves: what listens or runs does. */
export const systemClock = {
  now: (): number => Date.now(),
  monotonicMs: (): number => performance.now(),
  after(delayMs: number, fire: () => void): () => void {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};
