/** How a filter compares values: what its conditions and operators are built of. A missing field is `undefined`. */
import { compareNumbers, equalJson, type ExactJson, ExactNumber, type ExactScalar, isNumber } from './exact-json.ts';
import { compareInstants, parseInstant } from './instant.ts';

export type FilterValue = ExactJson | undefined;
/** Never throws, whatever the value. */
export type Condition = (value: FilterValue) => boolean;

/** How far conditions look into lists in lists; what lies deeper does not match. The depth of published JSON, at least. */
export const LIST_DEPTH_MAX = 128;

/** Plain values, found in constant time. */
export class ScalarSet {
  readonly #plain = new Set<ExactScalar>();
  readonly #exact = new Map<string, ExactNumber>();

  constructor(values: Iterable<ExactScalar>) {
    for (const value of values) {
      if (value instanceof ExactNumber) this.#exact.set(value.key, value);
      else this.#plain.add(value);
    }
  }

  get size(): number {
    return this.#plain.size + this.#exact.size;
  }

  /** The member that equals the value, always the same object for equal values; undefined if there is none. */
  find(value: FilterValue): ExactScalar | undefined {
    if (value instanceof ExactNumber) return this.#exact.get(value.key);
    return isScalar(value) && this.#plain.has(value) ? value : undefined;
  }

  has(value: FilterValue): boolean {
    return this.find(value) !== undefined;
  }
}

export function isScalar(value: FilterValue): value is ExactScalar {
  return value === null || (value !== undefined && typeof value !== 'object') || value instanceof ExactNumber;
}

/**
 * Equality with an operand, in depth.
 * @param isTime two RFC 3339 texts are equal if they name the same instant
 */
export function equalTo(operand: ExactJson, isTime: boolean): (value: ExactJson) => boolean {
  const instant = isTime && typeof operand === 'string' ? parseInstant(operand) : null;
  if (instant === null) {
    // The quick way for what filters mostly hold: long lists are looked through with it.
    const isPlain = isScalar(operand) && !(operand instanceof ExactNumber);
    return isPlain ? (value) => value === operand : (value) => equalJson(operand, value);
  }
  return (value) => {
    const other = typeof value === 'string' ? parseInstant(value) : null;
    return other !== null && compareInstants(other, instant) === 0;
  };
}

/** Calls `visit` with each value that is no list, within lists in lists, until one call answers true. */
export function someLeaf(list: readonly ExactJson[], visit: (leaf: ExactJson) => boolean, depth = 1): boolean {
  return list.some((item) => {
    if (!Array.isArray(item)) return visit(item);
    return depth < LIST_DEPTH_MAX && someLeaf(item, visit, depth + 1);
  });
}

/**
 * Compares numbers with numbers and texts with texts; null for any other pair, which has no order. Two texts that are
 * both RFC 3339 times compare as instants, wherever they stand: as texts they'd be in order only if written alike.
 */
export function comparerWith(operand: ExactJson): (value: FilterValue) => number | null {
  if (isNumber(operand)) return (value) => (isNumber(value) ? compareNumbers(value, operand) : null);
  if (typeof operand !== 'string') return () => null;
  const instant = parseInstant(operand);
  return (value) => {
    if (typeof value !== 'string') return null;
    const other = instant === null ? null : parseInstant(value);
    return instant === null || other === null ? compareTexts(value, operand) : compareInstants(other, instant);
  };
}

/** The order of the texts' UTF-8 bytes, which is that of code points and not JavaScript's own. */
function compareTexts(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let n = 0; n < length; n += 1) {
    const difference = orderOf(one.charCodeAt(n)) - orderOf(other.charCodeAt(n));
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

/** Halves of a surrogate pair stand for code points above all others. */
function orderOf(codeUnit: number): number {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x1_0000 : codeUnit;
}
