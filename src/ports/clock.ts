/** Time and chance, as arguments: the program's own come from compose.ts, the simulation's are virtual. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch: for due times and what is shown. May jump. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary start: for durations. */
  monotonicMs(): number;
  /** Calls `fire` once after `delayMs` (at least 0). Returns what cancels it; cancelling late or twice is fine. */
  after(delayMs: number, fire: () => void): () => void;
}

/** A number in [0, 1). */
export type Random = () => number;
