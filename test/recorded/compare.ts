/** Compares an answer with a recorded one: placeholders, sets where order is free, members that ours may have besides. */
import { type Exact, ExactNumber, writeExact } from './exact-value.ts';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const TIME = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?Z';
/** What stands for a value that differs from run to run. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  time: TIME,
  'time+24h': TIME,
  'id:des': `des_${UUID}`,
  'id:evt': `evt_${UUID}`,
  'id:atm': `atm_${UUID}`,
  uuid: UUID,
  'secret:hex': 'whsec_[0-9a-f]{64}',
  'secret:b64': 'whsec_[A-Za-z0-9+/]{43}=',
  hex64: '[0-9a-f]{64}',
  jwt: '[\\w-]+\\.[\\w-]+\\.[\\w-]+',
  cursor: '[0-9A-Za-z]+',
  int: '\\d+',
  text: '[^]*',
  unix: '\\d{10}',
  'unix-ms': '\\d{13}',
};
const PLACEHOLDER = /<([a-z0-9:+-]+)>/g;
const REPEAT = /^<repeat:(.):(\d+)>$/;
/** Compared as sets wherever they stand. */
const SETS = new Set(['destination_ids', 'matched_destination_ids']);

export interface CompareOptions {
  readonly unordered: ReadonlySet<string>;
  /** Whether members have to come in the expected order. */
  readonly checksOrder: boolean;
  /** Whether ours may have members that were not recorded. */
  readonly takesMore?: boolean;
}

/** Answers where the two differ, empty if they don't. */
export function differences(expected: Exact, actual: Exact | undefined, options: CompareOptions, path = ''): string[] {
  if (actual === undefined) return [`${path} is missing`];
  if (expected === '<any>') return [];
  if (typeof expected === 'string') return textDiffers(expected, actual) ? [shown(path, expected, actual)] : [];
  if (Array.isArray(expected)) return arrayDifferences(expected, actual, options, path);
  if (isObject(expected)) return objectDifferences(expected, actual, options, path);
  return writeExact(expected) === writeExact(actual) ? [] : [shown(path, expected, actual)];
}

const shown = (path: string, expected: Exact, actual: Exact): string =>
  `${path} is ${writeExact(actual)} and not ${writeExact(expected)}`;

function isObject(value: Exact): value is { readonly [key: string]: Exact } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** Also of texts that hold placeholders in their middle. */
export function textDiffers(expected: string, actual: Exact): boolean {
  if (actual instanceof ExactNumber) return expected !== '<int>';
  if (typeof actual !== 'string') return true;
  const [, char, count] = REPEAT.exec(expected) ?? [];
  if (char !== undefined) return actual !== char.repeat(Number(count));
  let pattern = '';
  let at = 0;
  for (const match of expected.matchAll(PLACEHOLDER)) {
    const known = PLACEHOLDERS[match[1] ?? ''];
    if (known === undefined) continue;
    pattern += escaped(expected.slice(at, match.index)) + known;
    at = match.index + match[0].length;
  }
  return !new RegExp(`^${pattern}${escaped(expected.slice(at))}$`).test(actual);
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function arrayDifferences(expected: readonly Exact[], actual: Exact, options: CompareOptions, path: string): string[] {
  if (!Array.isArray(actual) || actual.length !== expected.length) return [shown(path, expected, actual)];
  const name = path.split('.').at(-1) ?? '';
  if (SETS.has(name) || options.unordered.has(path)) {
    const rest = [...(actual as readonly Exact[])];
    for (const item of expected) {
      const found = rest.findIndex((candidate) => differences(item, candidate, options, path).length === 0);
      if (found === -1) return [shown(path, expected, actual)];
      rest.splice(found, 1);
    }
    return [];
  }
  return expected.flatMap((item, index) =>
    differences(item, (actual as readonly Exact[])[index], options, `${path}[${index}]`),
  );
}

function objectDifferences(
  expected: { readonly [key: string]: Exact },
  actual: Exact,
  options: CompareOptions,
  path: string,
): string[] {
  if (!isObject(actual)) return [shown(path, expected, actual)];
  // An error may say its code besides.
  const isError = path === '' && 'status' in expected && 'message' in expected;
  const extra =
    options.takesMore === true
      ? []
      : Object.keys(actual).filter((key) => !(key in expected) && !(isError && key === 'code'));
  const order = Object.keys(actual).filter((key) => key in expected);
  const below = Object.entries(expected).flatMap(([key, item]) =>
    differences(item, actual[key], options, path === '' ? key : `${path}.${key}`),
  );
  const isOrdered =
    order.join() ===
    Object.keys(expected)
      .filter((key) => key in actual)
      .join();
  return [
    ...extra.map((key) => `${path}.${key} was not recorded`),
    ...below,
    ...(isOrdered || !options.checksOrder ? [] : [`${path} has its members in the order ${order.join(', ')}`]),
  ];
}
