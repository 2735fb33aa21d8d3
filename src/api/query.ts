/**
 * Query strings as the original reads them (spec api-v1.md §4): the first occurrence of a scalar, three spellings of a
 * list, pairs that don't decode dropped. Their number is bounded by the size of a request's head, 16 KiB.
 */

/** No list is longer than what fits into a request line; larger indexes are not indexes. */
const INDEX = /^\d{1,6}$/;

/** A parsed query string. Names are case-sensitive. */
export interface Query {
  /** The first occurrence, or null when absent or empty. */
  scalar(name: string): string | null;
  /** Null when absent; a value that is given empty counts as a value. Commas don't separate. */
  list(name: string): readonly string[] | null;
  /** As `list`, of the plain spelling alone: all that 0.x knows. */
  repeated(name: string): readonly string[] | null;
  /** True if the name occurs, whatever its value. */
  has(name: string): boolean;
}

/** @param text what follows the `?`, still encoded */
export function parseQuery(text: string): Query {
  const pairs = text === '' ? [] : text.split('&').flatMap(decodePair);
  return {
    scalar(name) {
      const found = pairs.find(([key]) => key === name);
      return found === undefined || found[1] === '' ? null : found[1];
    },
    list: (name) => indexed(pairs, name) ?? valuesOf(pairs, `${name}[]`) ?? valuesOf(pairs, name),
    repeated: (name) => valuesOf(pairs, name),
    has: (name) => pairs.some(([key]) => key === name),
  };
}

type Pair = readonly [name: string, value: string];

function decodePair(text: string): Pair[] {
  if (text === '' || text.includes(';')) return [];
  const equals = text.indexOf('=');
  const name = decode(equals === -1 ? text : text.slice(0, equals));
  const value = decode(equals === -1 ? '' : text.slice(equals + 1));
  return name === null || value === null ? [] : [[name, value]];
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

function valuesOf(pairs: readonly Pair[], name: string): readonly string[] | null {
  const values = pairs.filter(([key]) => key === name).map(([, value]) => value);
  return values.length === 0 ? null : values;
}

/** `name[0]=a&name[2]=b`, in the order of the indexes; the first value of an index counts. */
function indexed(pairs: readonly Pair[], name: string): readonly string[] | null {
  const byIndex = new Map<number, string>();
  for (const [key, value] of pairs) {
    if (!key.startsWith(`${name}[`) || !key.endsWith(']')) continue;
    const index = key.slice(name.length + 1, -1);
    if (INDEX.test(index) && !byIndex.has(Number(index))) byIndex.set(Number(index), value);
  }
  if (byIndex.size === 0) return null;
  return [...byIndex].sort(([left], [right]) => left - right).map(([, value]) => value);
}
