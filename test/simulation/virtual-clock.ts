/**
 * Time that moves only when everything that could happen at this moment has happened: the next timer fires when no
 * promise is left to run, so a run depends on its seed and on nothing else.
 */
import type { Clock } from '../../src/ports/clock.ts';

/** Timers fired in one run: beyond it something wakes itself for ever. */
const STEPS_MAX = 200_000;

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
  isCancelled: boolean;
}

export interface VirtualClock extends Clock {
  /** Moves the wall clock, forward or back; monotonic time and timers don't notice. */
  jump(byMs: number): void;
  /** Runs timers until `atMs` of monotonic time, or until none is left. */
  runUntil(atMs: number): Promise<void>;
  readonly pending: number;
}

/** 2026-01-01T00:00:00Z, so that times look like times in a trace. */
const WALL_START_MS = 1_767_225_600_000;

export function virtualClock(): VirtualClock {
  const timers: Timer[] = [];
  let nowMs = 0;
  let wallOffsetMs = WALL_START_MS;
  let order = 0;
  let steps = 0;

  return {
    now: () => nowMs + wallOffsetMs,
    monotonicMs: () => nowMs,
    after(delayMs, fire) {
      const timer: Timer = { atMs: nowMs + Math.max(0, delayMs), order: order++, fire, isCancelled: false };
      insert(timers, timer);
      return () => {
        timer.isCancelled = true;
      };
    },
    jump(byMs) {
      wallOffsetMs += byMs;
    },
    async runUntil(atMs) {
      await everythingPending();
      for (;;) {
        const timer = timers[0];
        if (timer === undefined || timer.atMs > atMs) break;
        removeFirst(timers);
        if (timer.isCancelled) continue;
        if (++steps > STEPS_MAX) throw new Error('the simulated program does not come to rest');
        nowMs = timer.atMs;
        timer.fire();
        await everythingPending();
      }
      nowMs = Math.max(nowMs, atMs);
    },
    get pending() {
      return timers.filter((timer) => !timer.isCancelled).length;
    },
  };
}

/** One turn of the real event loop: all microtasks, and whatever they queue, run before it. */
function everythingPending(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

const isBefore = (a: Timer, b: Timer): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** A binary heap, earliest first, ties in the order they were set. */
function insert(heap: Timer[], timer: Timer): void {
  let at = heap.push(timer) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(timer, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = timer;
}

function removeFirst(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}
