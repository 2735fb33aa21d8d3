/**
 * Cursors of lists as clients see them (spec api-v1.md §6.3): base 62 over `<kind>v01:<time in ms>::<seq>`.
 *
 * The form is the original's, so that its wrong kinds and versions are told apart as there; the position is our own,
 * which is total: no row is repeated or skipped where times are equal.
 */

/** Tenants, events, attempts. */
export type CursorKind = 'tnt' | 'evt' | 'att';

export interface CursorPosition {
  readonly timeMs: number;
  readonly seq: number;
}

export const CURSOR_VERSION = '01';
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** Ours have about 60 characters, the original's as many as its ids need. Decoding takes the square of the length. */
const TEXT_MAX = 512;
const BASE_62 = /^[0-9a-zA-Z]+$/;
const PLAIN = /^([a-z]{2,3})v(\d\d):(.*)$/s;
const POSITION = /^(0|-?[1-9]\d{0,15})::(0|[1-9]\d{0,15})$/;
/** The furthest that a `Date` goes. */
const TIME_MAX_MS = 8.64e15;

export function encodeCursor(kind: CursorKind, timeMs: number, seq: number): string {
  const plain = `${kind}v${CURSOR_VERSION}:${timeMs}::${seq}`;
  let rest = BigInt(`0x${Buffer.from(plain).toString('hex')}`);
  let text = '';
  for (; rest > 0n; rest /= 62n) text = ALPHABET.charAt(Number(rest % 62n)) + text;
  return text;
}

/** `version`: one of the right kind, of another version. `invalid`: anything else that `encodeCursor` did not make. */
export function decodeCursor(kind: CursorKind, text: string): CursorPosition | 'invalid' | 'version' {
  const [, foundKind, version, position = ''] = PLAIN.exec(decodeText(text)) ?? [];
  if (foundKind !== kind) return 'invalid';
  if (version !== CURSOR_VERSION) return 'version';
  const [, time, seq] = POSITION.exec(position) ?? [];
  const timeMs = Number(time);
  if (!(Math.abs(timeMs) <= TIME_MAX_MS) || !Number.isSafeInteger(Number(seq))) return 'invalid';
  return { timeMs, seq: Number(seq) };
}

/** Empty if it is not base 62. */
function decodeText(text: string): string {
  if (text.length > TEXT_MAX || !BASE_62.test(text)) return '';
  let value = 0n;
  for (const digit of text) value = value * 62n + BigInt(ALPHABET.indexOf(digit));
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('utf8');
}
