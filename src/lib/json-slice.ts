/**
 * Takes a JSON object apart without building it: one pass over the bytes checks that they are one complete JSON text
 * (RFC 8259, strict) and tells where each top-level member lies, so that a large member can be passed on untouched.
 *
 * A byte order mark at the start is skipped, as RFC 8259 §8.1 allows; offsets count from the start of the body all the
 * same. The text `null` is taken for an object without members. Nothing here recurses or copies.
 */
import { isUtf8 } from 'node:buffer';

/** Arrays and objects inside one another, the top level included. */
export const DEPTH_MAX = 128;
/** Top-level members: far beyond any request, and a bound on what one makes us keep. */
export const MEMBERS_MAX = 1_024;

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

export interface JsonMember {
  /** The key is `body[keyStart, keyEnd)`, without its quotes; see `memberKey`. */
  readonly keyStart: number;
  readonly keyEnd: number;
  /** The key decoded if it was written with a backslash, otherwise null: decoding costs more than finding. */
  readonly decodedKey: string | null;
  readonly kind: JsonKind;
  /** The value is `body[start, end)`, without the white space around it. */
  readonly start: number;
  readonly end: number;
}

export interface Sliced {
  readonly ok: true;
  readonly body: Buffer;
  /** In the order of the text, repeated keys included; `findMember` chooses among them. */
  readonly members: readonly JsonMember[];
}

export interface JsonFault {
  readonly ok: false;
  /** In bytes from the start of the body, where the fault was noticed. */
  readonly offset: number;
  readonly reason: 'not_utf8' | 'syntax' | 'too_deep' | 'too_many_members' | 'not_an_object';
}

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const UPPER_E = 0x45;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const LOWER_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What may follow a backslash, `u` aside: `" \\ / b f n r t`. */
const ESCAPES = new Set([QUOTE, BACKSLASH, 0x2f, 0x62, LOWER_F, LOWER_N, 0x72, LOWER_T]);

/** The scanning functions answer the offset after what they skipped, or a fault as the complement of its offset. */
/** Added to the offset where brackets go too deep: far below the complement of any offset. */
const TOO_DEEP = -(2 ** 52);
/** The closing bytes that are due, innermost last. Shared by all calls, since a scan is never interrupted. */
const closers = new Uint8Array(DEPTH_MAX);

/** Keeps a view of `body`, which must not change while the answer is in use. */
export function sliceJson(body: Uint8Array): Sliced | JsonFault {
  if (!isUtf8(body)) return { ok: false, offset: 0, reason: 'not_utf8' };
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const start = skipSpace(bytes, hasMark ? 3 : 0);
  if (bytes[start] !== OPEN_OBJECT) return withoutObject(bytes, start);

  const members: JsonMember[] = [];
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === CLOSE_OBJECT) return finish(bytes, at + 1, members);
  for (;;) {
    if (members.length === MEMBERS_MAX) return { ok: false, offset: at, reason: 'too_many_members' };
    const keyStart = at + 1;
    at = skipString(bytes, at);
    if (at < 0) return fault(at);
    const keyEnd = at - 1;
    at = skipColon(bytes, at);
    if (at < 0) return fault(at);
    const valueStart = at;
    at = skipValue(bytes, at);
    if (at < 0) return fault(at);
    const decodedKey = decodeKey(bytes, keyStart, keyEnd);
    members.push({ keyStart, keyEnd, decodedKey, kind: kindOf(bytes[valueStart]), start: valueStart, end: at });
    at = skipSpace(bytes, at);
    const byte = bytes[at];
    if (byte === CLOSE_OBJECT) return finish(bytes, at + 1, members);
    if (byte !== COMMA) return fault(~at);
    at = skipSpace(bytes, at + 1);
  }
}

/**
 * Finds a member by its name: an exact match first, otherwise the first one in any case of ASCII letters. Of a key that
 * is repeated the last wins.
 * @param name ASCII in lower case
 */
export function findMember(sliced: Sliced, name: string): JsonMember | null {
  const { body, members } = sliced;
  for (let n = members.length - 1; n >= 0; n -= 1) {
    const member = members[n] as JsonMember;
    if (hasKey(body, member, name, false)) return member;
  }
  const first = members.find((member) => hasKey(body, member, name, true));
  if (first === undefined) return null;
  const key = memberKey(sliced, first);
  return members.findLast((member) => memberKey(sliced, member) === key) ?? first;
}

export function memberKey(sliced: Sliced, member: JsonMember): string {
  return member.decodedKey ?? sliced.body.toString('utf8', member.keyStart, member.keyEnd);
}

/** The text of a member's value as it was sent. */
export function memberText(sliced: Sliced, member: JsonMember): string {
  return sliced.body.toString('utf8', member.start, member.end);
}

/** The bytes of a member's value as they were sent: a view, not a copy. */
export function memberBytes(sliced: Sliced, member: JsonMember): Buffer {
  return sliced.body.subarray(member.start, member.end);
}

/** Decodes a member's value; meant for small ones. Never throws, since the text has been checked. */
export function memberValue(sliced: Sliced, member: JsonMember): unknown {
  return JSON.parse(memberText(sliced, member));
}

/** Tells a well-formed text that isn't an object from a malformed one. */
function withoutObject(body: Buffer, start: number): Sliced | JsonFault {
  const at = skipValue(body, start);
  if (at < 0) return fault(at);
  const end = finish(body, at, []);
  if (!end.ok || body[start] === LOWER_N) return end;
  return { ok: false, offset: start, reason: 'not_an_object' };
}

function finish(body: Buffer, at: number, members: readonly JsonMember[]): Sliced | JsonFault {
  const end = skipSpace(body, at);
  return end < body.length ? fault(~end) : { ok: true, body, members };
}

function fault(at: number): JsonFault {
  if (at < TOO_DEEP / 2) return { ok: false, offset: at - TOO_DEEP, reason: 'too_deep' };
  return { ok: false, offset: ~at, reason: 'syntax' };
}

function skipValue(body: Buffer, start: number): number {
  let at = start;
  let depth = 0;
  for (;;) {
    const byte = body[at];
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      const closer = byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
      // The top level is a depth of its own.
      if (depth + 2 > DEPTH_MAX) return TOO_DEEP + at;
      at = skipSpace(body, at + 1);
      if (body[at] !== closer) {
        closers[depth] = closer;
        depth += 1;
        if (closer === CLOSE_OBJECT && (at = skipKey(body, at)) < 0) return at;
        continue;
      }
      at += 1;
    } else if ((at = skipScalar(body, at, byte)) < 0) return at;

    // A value has ended: close what ends with it, and step to the next one.
    for (;;) {
      if (depth === 0) return at;
      at = skipSpace(body, at);
      const closer = closers[depth - 1];
      const next = body[at];
      if (next === COMMA) {
        at = skipSpace(body, at + 1);
        if (closer === CLOSE_OBJECT && (at = skipKey(body, at)) < 0) return at;
        break;
      }
      if (next !== closer) return ~at;
      at += 1;
      depth -= 1;
    }
  }
}

function skipKey(body: Buffer, start: number): number {
  const at = skipString(body, start);
  return at < 0 ? at : skipColon(body, at);
}

function skipColon(body: Buffer, start: number): number {
  const at = skipSpace(body, start);
  return body[at] === COLON ? skipSpace(body, at + 1) : ~at;
}

function skipScalar(body: Buffer, at: number, byte: number | undefined): number {
  if (byte === QUOTE) return skipString(body, at);
  if (byte === LOWER_T) return skipWord(body, at, 'true');
  if (byte === LOWER_F) return skipWord(body, at, 'false');
  if (byte === LOWER_N) return skipWord(body, at, 'null');
  return skipNumber(body, at);
}

function skipString(body: Buffer, start: number): number {
  if (body[start] !== QUOTE) return ~start;
  const end = body.length;
  let at = start + 1;
  while (at < end) {
    const byte = body[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte < SPACE) return ~at;
    if (byte !== BACKSLASH) at += 1;
    else if (body[at + 1] === LOWER_U && isHex4(body, at + 2)) at += 6;
    else if (ESCAPES.has(body[at + 1] ?? 0)) at += 2;
    else return ~at;
  }
  return ~end;
}

function skipNumber(body: Buffer, start: number): number {
  let at = body[start] === MINUS ? start + 1 : start;
  // A number has no leading zeros: after `0` no digit can follow.
  at = body[at] === ZERO ? at + 1 : skipDigits(body, at);
  if (at >= 0 && body[at] === POINT) at = skipDigits(body, at + 1);
  if (at < 0) return at;
  const byte = body[at];
  if (byte !== LOWER_E && byte !== UPPER_E) return at;
  const sign = body[at + 1];
  return skipDigits(body, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
}

/** At least one. */
function skipDigits(body: Buffer, start: number): number {
  let at = start;
  while (isDigit(body[at])) at += 1;
  return at > start ? at : ~at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function skipWord(body: Buffer, start: number, word: string): number {
  for (let n = 0; n < word.length; n += 1) {
    if (body[start + n] !== word.charCodeAt(n)) return ~(start + n);
  }
  return start + word.length;
}

function skipSpace(body: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const byte = body[at];
    if (byte === undefined || byte > SPACE) return at;
    if (byte !== SPACE && byte !== NEWLINE && byte !== RETURN && byte !== TAB) return at;
    at += 1;
  }
}

function isHex4(body: Buffer, start: number): boolean {
  for (let at = start; at < start + 4; at += 1) {
    const letter = (body[at] ?? 0) | 0x20;
    if (!isDigit(body[at]) && !(letter >= 0x61 && letter <= 0x66)) return false;
  }
  return true;
}

/** The kind of the value that begins with this byte, provided that it is one. */
function kindOf(byte: number | undefined): JsonKind {
  if (byte === QUOTE) return 'string';
  if (byte === OPEN_OBJECT) return 'object';
  if (byte === OPEN_ARRAY) return 'array';
  if (byte === LOWER_T || byte === LOWER_F) return 'boolean';
  return byte === LOWER_N ? 'null' : 'number';
}

function decodeKey(body: Buffer, start: number, end: number): string | null {
  for (let at = start; at < end; at += 1) {
    if (body[at] === BACKSLASH) return String(JSON.parse(body.toString('utf8', start - 1, end + 1)));
  }
  return null;
}

function hasKey(body: Buffer, member: JsonMember, name: string, anyCase: boolean): boolean {
  const { keyStart, keyEnd, decodedKey } = member;
  if (decodedKey !== null) return (anyCase ? lowerAscii(decodedKey) : decodedKey) === name;
  if (keyEnd - keyStart !== name.length) return false;
  for (let n = 0; n < name.length; n += 1) {
    const byte = body[keyStart + n] as number;
    const code = name.charCodeAt(n);
    if (byte !== code && !(anyCase && isUpper(byte) && (byte | 0x20) === code)) return false;
  }
  return true;
}

function isUpper(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
