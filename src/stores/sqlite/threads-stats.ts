import type { LedgerStats } from '../../ports/ledger.ts';
import { checkpoint } from './checkpoint.ts';
import type { Engine } from './engine.ts';

/** The engine's counters, and what only its connection can tell. */
export function statsOf(engine: Engine, nowMs: number): LedgerStats {
  return {
    ...engine.stats(),
    oldestDueAgeMs: engine.oldestDueAgeMs(nowMs),
    walFrames: checkpoint(engine.db, 'noop').left,
  };
}
