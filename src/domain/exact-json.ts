/**
 * JSON whose numbers compare by what was written: 9007199254740993 is not 9007199254740992, and 1e400 is a number.
 *
 * A JavaScript number stands here for the shortest decimal that names it, which is what was written whenever that had
 * at most 15 digits; so nearly all numbers stay numbers, and two of them compare as they are. Only what would lose
 * something becomes an `ExactNumber`. Digits are kept as text: no arithmetic is done, and an exponent of a billion
 * costs as much as its own text.
 */

/** A decimal that no JavaScript number stands for: 0.`digits` · 10^`point`, never zero. */
export class ExactNumber {
  readonly isNegative: boolean;
  /** Without zeros at either end; empty for zero. */
  readonly digits: string;
  readonly point: number;

  constructor(isNegative: boolean, digits: string, point: number) {
    this.isNegative = isNegative;
    this.digits = digits;
    this.point = point;
  }

  /** Equal for equal numbers and for no others. */
  get key(): string {
    return `${this.isNegative ? '-' : ''}${this.digits}e${this.point}`;
  }
}

export type ExactScalar = null | boolean | number | ExactNumber | string;
export type ExactJson = ExactScalar | readonly ExactJson[] | ExactObject;
/** Any key can be a member, `__proto__` too: ask with `Object.hasOwn` before reading. */
export interface ExactObject {
  readonly [key: string]: ExactJson;
}

/** A number of 16 digits or with an exponent, outside a string as a rule: only then is the slow way taken. */
const MAYBE_INEXACT = /(?:^|[\s:,[])-?(?:\d[\d.]*[eE]|[\d.]{16})/;
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** Exponents beyond are held at this: sums with the length of a text stay exact integers. */
const EXPONENT_MAX = 1e15;

/** Strings, so that nothing is looked for in them, and numbers. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
/** Shorter numbers without an exponent have at most 15 digits. */
const INEXACT_LENGTH = 16;

/** @throws SyntaxError if the text is not JSON */
export function parseExactJson(text: string): ExactJson {
  const plain = JSON.parse(text) as ExactJson;
  if (!MAYBE_INEXACT.test(text)) return plain;
  try {
    // A reviver, which would be given the source, takes several times as long as this second parse.
    return restore(JSON.parse(text.replace(TOKEN, quoteNumber)) as ExactJson, plain);
  } catch (error) {
    // Thousands of brackets deep, doubles have to do: parsing does not recurse, but the walk does.
    if (error instanceof RangeError) return plain;
    throw error;
  }
}

function quoteNumber(token: string): string {
  const isQuoted = token.startsWith('"') || (token.length < INEXACT_LENGTH && !/[eE]/.test(token));
  return isQuoted ? token : `"${token}"`;
}

/** Reads the numbers that were quoted: what is a text here and a number in the plain value. Changes `quoted`. */
function restore(quoted: ExactJson, plain: ExactJson | undefined): ExactJson {
  if (typeof quoted === 'string') return typeof plain === 'number' ? readNumber(quoted) : quoted;
  if (typeof quoted !== 'object' || quoted === null) return quoted;
  const values = quoted as Record<string, ExactJson>;
  const plainValues = plain as ExactObject;
  for (const key of Object.keys(values)) values[key] = restore(values[key] as ExactJson, plainValues[key]);
  return quoted;
}

/** @param text a number by the grammar of JSON */
export function readNumber(text: string): number | ExactNumber {
  const exact = decimalOf(text);
  if (exact.digits === '') return 0;
  const rounded = Number(text);
  if (Number.isFinite(rounded) && compareDecimals(exact, decimalOf(String(rounded))) === 0) return rounded;
  return exact;
}

export function isNumber(value: unknown): value is number | ExactNumber {
  return typeof value === 'number' || value instanceof ExactNumber;
}

/** Negative, zero or positive, as for sorting. */
export function compareNumbers(one: number | ExactNumber, other: number | ExactNumber): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return compareDecimals(asDecimal(one), asDecimal(other));
}

export function equalNumbers(one: number | ExactNumber, other: number | ExactNumber): boolean {
  return one === other || compareNumbers(one, other) === 0;
}

export function isObject(value: unknown): value is ExactObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** Equality in depth: arrays in order, objects in any order of keys. Costs at most what the smaller of the two holds. */
export function equalJson(one: ExactJson, other: ExactJson): boolean {
  if (isNumber(one) || isNumber(other)) return isNumber(one) && isNumber(other) && equalNumbers(one, other);
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((item, n) => equalJson(item, other[n]));
  }
  if (!isObject(one)) return one === other;
  if (!isObject(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => Object.hasOwn(other, key) && equalJson(member(one, key), member(other, key)));
}

function member(object: ExactObject, key: string): ExactJson {
  return object[key] as ExactJson;
}

function asDecimal(number: number | ExactNumber): ExactNumber {
  return typeof number === 'number' ? decimalOf(String(number)) : number;
}

function decimalOf(text: string): ExactNumber {
  const [, sign, whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const all = whole + fraction;
  let from = 0;
  while (all[from] === '0') from += 1;
  let to = all.length;
  while (to > from && all[to - 1] === '0') to -= 1;
  const power = Math.max(-EXPONENT_MAX, Math.min(Number(exponent), EXPONENT_MAX));
  return new ExactNumber(sign === '-', all.slice(from, to), whole.length - from + power);
}

function compareDecimals(one: ExactNumber, other: ExactNumber): number {
  const sign = signOf(one);
  if (sign !== signOf(other) || sign === 0) return sign - signOf(other);
  if (one.point !== other.point) return sign * (one.point - other.point);
  if (one.digits === other.digits) return 0;
  return one.digits < other.digits ? -sign : sign;
}

function signOf(number: ExactNumber): number {
  if (number.digits === '') return 0;
  return number.isNegative ? -1 : 1;
}
