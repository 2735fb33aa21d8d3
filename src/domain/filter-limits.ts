/** Limits on a filter, so that no tenant makes publishing slow. All are checked before a condition is compiled. */
import { type ExactJson, isObject, parseExactJson } from './exact-json.ts';
import { FilterFault } from './filter-fault.ts';

/** In bytes of UTF-8. */
export const FILTER_TEXT_MAX = 64 * 1_024;
/** Objects and lists inside one another, the filter itself included. */
export const FILTER_DEPTH_MAX = 16;
/** Members of objects, and objects and lists in lists; plain values in lists are limited by `FILTER_LIST_MAX`. */
export const FILTER_NODES_MAX = 256;
export const FILTER_LIST_MAX = 1_000;

const STRING = /"(?:[^"\\]|\\.)*"/g;

/** Parses a filter's text. @throws FilterFault */
export function parseFilter(text: string): ExactJson {
  if (Buffer.byteLength(text) > FILTER_TEXT_MAX) {
    throw new FilterFault([], `a filter can have at most ${FILTER_TEXT_MAX} bytes`);
  }
  const filter = parseText(text);
  if (!isObject(filter)) throw new FilterFault([], 'a filter must be an object');
  const members = countMembers(filter, [], { nodes: 0, members: 0 });
  // Of two equal keys parsing keeps the last: a condition would be dropped without a word.
  if (members !== text.replace(STRING, '').split(':').length - 1) {
    throw new FilterFault([], 'a key stands twice in one object');
  }
  return filter;
}

function parseText(text: string): ExactJson {
  try {
    return parseExactJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new FilterFault([], 'a filter must be JSON');
    throw error;
  }
}

function countMembers(value: ExactJson, path: string[], totals: { nodes: number; members: number }): number {
  const isList = Array.isArray(value);
  if (!isList && !isObject(value)) return totals.members;
  if (path.length >= FILTER_DEPTH_MAX)
    throw new FilterFault(path, `a filter can be at most ${FILTER_DEPTH_MAX} levels deep`);
  const entries = Object.entries(value);
  if (isList && entries.length > FILTER_LIST_MAX) {
    throw new FilterFault(path, `a list can have at most ${FILTER_LIST_MAX} values`);
  }
  for (const [key, inner] of entries) {
    path.push(key);
    if (!isList) totals.members += 1;
    if (!isList || Array.isArray(inner) || isObject(inner)) totals.nodes += 1;
    if (totals.nodes > FILTER_NODES_MAX) {
      throw new FilterFault(path, `a filter can have at most ${FILTER_NODES_MAX} conditions`);
    }
    countMembers(inner, path, totals);
    path.pop();
  }
  return totals.members;
}
