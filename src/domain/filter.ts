/**
 * Filters: which events a destination wants, by what they hold (spec reference-pipeline.md §1.4, with our answers to
 * its vectors in test/fixtures/vectors/filter-ours.tsv).
 *
 * A filter is compiled once into closures. Conditions that stand side by side all have to hold, at every depth;
 * `$or`, `$and` and `$not` are plain logic on what their conditions answer, so that `$not` of a condition on a missing
 * field is true. Only what is named in a field's condition looks into lists:
 * - a plain value, at the list's items; a list, at the items of which each of its conditions needs one;
 * - named fields, at the items of which one has to satisfy them together with the `$or`, `$and` and `$not` beside them.
 * `$or`, `$and` and `$not` without fields beside them, and all other operators, look at the list as a whole.
 */
import { type ExactJson, type ExactObject, isObject, parseExactJson } from './exact-json.ts';
import type { EventPayload } from './event.ts';
import { FilterFault } from './filter-fault.ts';
import { parseFilter } from './filter-limits.ts';
import { compileOperator } from './filter-operators.ts';
import {
  type Condition,
  equalTo,
  type FilterValue,
  isScalar,
  LIST_DEPTH_MAX,
  ScalarSet,
  someLeaf,
} from './filter-values.ts';
import { formatInstant } from './instant.ts';

export { FilterFault };

/** What filters look at: the event's `id`, `topic`, `time` (RFC 3339 in UTC), `metadata` and `data`. */
export type FilterRoot = ExactObject;

interface Place {
  readonly path: readonly string[];
  /** The whole event; the event's `time`; a field. `$or`, `$and` and `$not` keep the place. */
  readonly at: 'event' | 'time' | 'field';
}

/**
 * Compiles a filter. The predicate never throws, whatever the event holds.
 * @param text JSON of an object; an empty one matches everything
 * @throws FilterFault for what could not be evaluated: unknown operators, operands of a wrong kind, excess of a limit
 */
export function compileFilter(text: string): (root: FilterRoot) => boolean {
  return compileCondition(parseFilter(text), { path: [], at: 'event' });
}

/** Data that is not JSON, which no accepted event has, is taken for absent. */
export function filterRoot(event: EventPayload): FilterRoot {
  const { id, topic, metadata } = event;
  const data = parseData(event.data);
  const root = { id, topic, time: formatInstant(event.time), metadata };
  return data === undefined ? root : { ...root, data };
}

function parseData(data: Uint8Array): ExactJson | undefined {
  try {
    return parseExactJson(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function compileCondition(condition: ExactJson, place: Place): Condition {
  if (isObject(condition)) return compileObject(condition, place);
  if (place.at === 'event') throw new FilterFault(place.path, 'a condition on the event must be an object');
  if (Array.isArray(condition)) return compileList(condition, place);
  const equals = equalTo(condition, place.at === 'time');
  return (value) => (Array.isArray(value) ? someLeaf(value, equals) : value !== undefined && equals(value));
}

/** Each of the conditions is satisfied by an item. Plain values are ticked off in one walk over the items. */
function compileList(conditions: readonly ExactJson[], place: Place): Condition {
  const scalars = new ScalarSet(place.at === 'time' ? [] : conditions.filter(isScalar));
  const others = conditions
    .map((condition, n) => ({ condition, place: inside(place, String(n), place.at) }))
    .filter(({ condition }) => place.at === 'time' || !isScalar(condition))
    .map((item) => compileCondition(item.condition, item.place));
  return (value) => {
    if (!Array.isArray(value) || !others.every((holds) => value.some(holds))) return false;
    const missing = scalars.size;
    if (missing === 0) return true;
    const found = new Set<FilterValue>();
    return someLeaf(value, (leaf) => {
      const scalar = scalars.find(leaf);
      return scalar !== undefined && found.add(scalar).size === missing;
    });
  };
}

function compileObject(object: ExactObject, place: Place): Condition {
  const whole: Condition[] = [];
  const logic: Condition[] = [];
  const fields: [key: string, holds: Condition][] = [];
  for (const [key, condition] of Object.entries(object)) {
    const path = [...place.path, key];
    if (!key.startsWith('$'))
      fields.push([key, compileCondition(condition, inside(place, key, fieldKind(place, key)))]);
    else if (key === '$or' || key === '$and') logic.push(compileLogic(key, condition, { ...place, path }));
    else if (key === '$not') logic.push(compileNot(condition, { ...place, path }));
    else whole.push(compileWhole(key, condition, { ...place, path }));
  }
  if (whole.length + fields.length > 1 && Object.hasOwn(object, '$exist') && object['$exist'] === false) {
    throw new FilterFault([...place.path, '$exist'], 'a field that must be missing can satisfy nothing else');
  }
  if (fields.length === 0 && whole.length + logic.length > 0) return all([...whole, ...logic]);
  return all([...whole, onItems(all([...logic, fieldsHold(fields)]))]);
}

function inside(place: Place, key: string, at: Place['at']): Place {
  return { path: [...place.path, key], at };
}

function fieldKind(place: Place, key: string): Place['at'] {
  return place.at === 'event' && key === 'time' ? 'time' : 'field';
}

function compileWhole(operator: string, operand: ExactJson, place: Place): Condition {
  const holds = compileOperator(operator, operand, { path: place.path, isTime: place.at === 'time' });
  if (holds === null) throw new FilterFault(place.path, 'there is no such operator');
  if (place.at === 'event') throw new FilterFault(place.path, 'this operator has to stand in the condition of a field');
  return holds;
}

function compileLogic(operator: '$or' | '$and', conditions: ExactJson, place: Place): Condition {
  if (!Array.isArray(conditions) || conditions.length === 0) {
    throw new FilterFault(place.path, 'the operand must be a list of at least one condition');
  }
  const compiled = conditions.map((condition: ExactJson, n) =>
    compileCondition(condition, inside(place, String(n), place.at)),
  );
  return operator === '$and' ? all(compiled) : (value) => compiled.some((holds) => holds(value));
}

function compileNot(condition: ExactJson, place: Place): Condition {
  if (place.at === 'event' && isObject(condition) && Object.keys(condition).length === 0) {
    throw new FilterFault(place.path, 'the negation of a condition that every event satisfies never matches');
  }
  const holds = compileCondition(condition, place);
  return (value) => !holds(value);
}

function all(conditions: readonly Condition[]): Condition {
  const [only] = conditions;
  if (only !== undefined && conditions.length === 1) return only;
  return (value) => conditions.every((holds) => holds(value));
}

/** On a list, one of its items has to satisfy the condition. */
function onItems(holds: Condition): Condition {
  const visit = (value: FilterValue, depth: number): boolean => {
    if (!Array.isArray(value)) return holds(value);
    return depth < LIST_DEPTH_MAX && value.some((item: ExactJson) => visit(item, depth + 1));
  };
  return (value) => visit(value, 0);
}

/** No fields: any object. Of an object that is missing all fields are missing. */
function fieldsHold(fields: readonly (readonly [key: string, holds: Condition])[]): Condition {
  return (value) => {
    if (value === undefined) return fields.length > 0 && fields.every(([, holds]) => holds(undefined));
    if (!isObject(value)) return false;
    return fields.every(([key, holds]) => holds(Object.hasOwn(value, key) ? value[key] : undefined));
  };
}
