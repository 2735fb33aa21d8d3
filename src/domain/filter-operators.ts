/**
 * The operators that look at one value as a whole, lists included: `{ "$gt": 5 }` does not match `[6]`. All of them but
 * `$exist: false` fail on a missing field, `$neq` and `$nin` too. Operands that could never match, or always would,
 * are refused when the filter is written; `$gt` and its kin take a boolean and never match, as they always have.
 */
import { type ExactJson, isNumber } from './exact-json.ts';
import { FilterFault } from './filter-fault.ts';
import { comparerWith, type Condition, equalTo, isScalar, ScalarSet } from './filter-values.ts';

/** Where an operator stands. */
export interface OperatorPlace {
  /** The operator included. */
  readonly path: readonly string[];
  /** True for the event's `time`, where equality too is that of instants. */
  readonly isTime: boolean;
}

type Compiler = (operand: ExactJson, place: OperatorPlace) => Condition;

const OPERATORS = new Map<string, Compiler>([
  ['$eq', (operand, place) => present(equalTo(operand, place.isTime))],
  ['$neq', (operand, place) => present(not(equalTo(operand, place.isTime)))],
  ['$gt', comparison((order) => order > 0)],
  ['$gte', comparison((order) => order >= 0)],
  ['$lt', comparison((order) => order < 0)],
  ['$lte', comparison((order) => order <= 0)],
  ['$in', isIn],
  ['$nin', isNotIn],
  ['$startsWith', affix((text, part) => text.startsWith(part))],
  ['$endsWith', affix((text, part) => text.endsWith(part))],
  ['$exist', exist],
]);
const NUMBER_TEXT = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Null for what is no such operator. @throws FilterFault for an operand that it can't take */
export function compileOperator(operator: string, operand: ExactJson, place: OperatorPlace): Condition | null {
  return OPERATORS.get(operator)?.(operand, place) ?? null;
}

function comparison(holds: (order: number) => boolean): Compiler {
  return (operand, { path }) => {
    if (!isNumber(operand) && typeof operand !== 'string' && typeof operand !== 'boolean') {
      throw new FilterFault(path, 'the operand must be a number or a text');
    }
    const compare = comparerWith(operand);
    return (value) => {
      const order = compare(value);
      return order !== null && holds(order);
    };
  };
}

function isIn(operand: ExactJson, place: OperatorPlace): Condition {
  if (isList(operand)) return present(memberOf(operand, place));
  const part = textPart(operand, place);
  return (value) => (typeof value === 'string' ? value.includes(part) : isList(value) && value.includes(part));
}

function isNotIn(operand: ExactJson, place: OperatorPlace): Condition {
  if (isList(operand)) return present(not(memberOf(operand, place)));
  const part = textPart(operand, place);
  // Beside numbers such a text would exclude everything: it was meant as a number.
  if (NUMBER_TEXT.test(part)) {
    throw new FilterFault(place.path, 'a text is looked for in texts; for a number, write a list such as [6]');
  }
  return (value) => (typeof value === 'string' ? !value.includes(part) : isList(value) && !value.includes(part));
}

/** Whether a value is in the operand, or is a list that shares a value with it. */
function memberOf(operand: readonly ExactJson[], { isTime }: OperatorPlace): (value: ExactJson) => boolean {
  const scalars = new ScalarSet(isTime ? [] : operand.filter(isScalar));
  const others = operand.filter((item) => isTime || !isScalar(item)).map((item) => equalTo(item, isTime));
  const holds = (value: ExactJson): boolean => scalars.has(value) || others.some((equals) => equals(value));
  return (value) => holds(value) || (isList(value) && value.some(holds));
}

function affix(holds: (text: string, part: string) => boolean): Compiler {
  return (operand, place) => {
    const items = isList(operand) ? operand : [operand];
    if (items.length === 0) throw new FilterFault(place.path, 'an empty list never matches');
    const parts = items.map((item) => textPart(item, place));
    return (value) => typeof value === 'string' && parts.some((part) => holds(value, part));
  };
}

function exist(operand: ExactJson, { path }: OperatorPlace): Condition {
  if (typeof operand !== 'boolean') throw new FilterFault(path, 'the operand must be true or false');
  return (value) => (value !== undefined) === operand;
}

function textPart(operand: ExactJson, { path }: OperatorPlace): string {
  if (typeof operand !== 'string') throw new FilterFault(path, 'the operand must be a text or a list');
  if (operand === '') throw new FilterFault(path, 'an empty text is part of every text');
  return operand;
}

function present(holds: (value: ExactJson) => boolean): Condition {
  return (value) => value !== undefined && holds(value);
}

function not(holds: (value: ExactJson) => boolean): (value: ExactJson) => boolean {
  return (value) => !holds(value);
}

function isList(value: unknown): value is readonly ExactJson[] {
  return Array.isArray(value);
}
