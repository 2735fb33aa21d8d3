/** One page of a list, read in slices: a thread that others wait for steps through it and serves them in between. */
import type { Page } from '../../ports/directory.ts';
import { nextSlice, type Position, SLICE_ROWS, type Sources, type Walk } from './history-walk.ts';

/** Yields where something else may run. No statement is open there, so no read transaction either. */
export type Sliced<Result> = Generator<void, Result, void>;

/** What one slice loads at most; events may be large. */
const SLICE_BYTES = 2 * 1_048_576;

export interface PageRead<Row> {
  readonly walk: Walk;
  readonly sources: Sources;
  readonly limit: number;
  /** The row at a position, or null if the query leaves it out. */
  read(position: Position): Row | null;
  bytesOf(row: Row): number;
}

export function* collectPage<Row>({ walk, sources, limit, read, bytesOf }: PageRead<Row>): Sliced<Page<Row>> {
  const rows: Row[] = [];
  let bytes = 0;
  // One row more than the page tells whether more follow. Slices grow, since few rows may pass the query's filters.
  let sliceRows = Math.min(SLICE_ROWS, limit + 1);
  for (let after: Position | null = walk.after; after !== null && rows.length <= limit;) {
    const slice = nextSlice(walk, sources, after, sliceRows);
    sliceRows = Math.min(SLICE_ROWS, sliceRows * 2);
    for (const position of slice.positions) {
      if (rows.length > limit) break;
      const row = read(position);
      if (row === null) continue;
      rows.push(row);
      bytes += bytesOf(row);
      if (bytes < SLICE_BYTES) continue;
      bytes = 0;
      yield;
    }
    after = slice.after;
    yield;
  }
  const page = rows.slice(0, limit);
  return { rows: walk.isBackward ? page.reverse() : page, hasMore: rows.length > limit };
}

/** Runs a read to its end without a pause. */
export function runSliced<Result>(sliced: Sliced<Result>): Result {
  for (;;) {
    const step = sliced.next();
    if (step.done === true) return step.value;
  }
}
