/**
 * Cursors of 0.x's list of events: a place between two rows, and how many rows the first page counted. Hexadecimal behind
 * a mark of its own, so that neither generation takes the other's.
 */

/** A row's place. */
export interface RowPosition {
  readonly timeMs: number;
  readonly seq: number;
  /** Null: past all rows of the event, whichever way the list is walked. */
  readonly destination: string | null;
}

export interface RowCursor extends RowPosition {
  readonly count: number;
}

const MARK = 'v0';
/** Twice the bytes of the longest id and three numbers. */
const TEXT_MAX = 700;
const HEX = /^(?:[0-9a-f]{2})+$/;
/** The furthest that a `Date` goes, and the most that a store numbers (domain/ids.ts). */
const TIME_MAX_MS = 8.64e15;
const SEQ_MAX = 2 ** 44 - 1;
const PLAIN = /^(-?\d{1,16}):(\d{1,16}):(\d{1,10}):([de])(.*)$/s;

export function encodeRowCursor({ timeMs, seq, destination, count }: RowCursor): string {
  const end = destination === null ? 'e' : `d${destination}`;
  return MARK + Buffer.from(`${timeMs}:${seq}:${count}:${end}`).toString('hex');
}

/** Null for anything that `encodeRowCursor` did not make. */
export function decodeRowCursor(text: string): RowCursor | null {
  const hex = text.slice(MARK.length);
  if (!text.startsWith(MARK) || text.length > TEXT_MAX || !HEX.test(hex)) return null;
  const [, time, seq, count, kind, id = ''] = PLAIN.exec(Buffer.from(hex, 'hex').toString('utf8')) ?? [];
  if (kind === undefined || Math.abs(Number(time)) > TIME_MAX_MS) return null;
  if (Number(seq) < 1 || Number(seq) > SEQ_MAX) return null;
  return { timeMs: Number(time), seq: Number(seq), count: Number(count), destination: kind === 'e' ? null : id };
}
