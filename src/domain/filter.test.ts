import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseExactJson } from './exact-json.ts';
import type { EventPayload } from './event.ts';
import { compileFilter, FilterFault, filterRoot, type FilterRoot } from './filter.ts';
import { FILTER_DEPTH_MAX, FILTER_LIST_MAX, FILTER_NODES_MAX, FILTER_TEXT_MAX } from './filter-limits.ts';
import { eventId } from './ids.ts';

const VECTORS = new URL('../../test/fixtures/vectors/filter-ours.tsv', import.meta.url);

/** Evaluates the way the product does, on a root given as text. */
function matches(root: string, filter: string): boolean {
  return compileFilter(filter)(parseExactJson(root) as FilterRoot);
}

function faultOf(filter: unknown): FilterFault {
  const text = typeof filter === 'string' ? filter : JSON.stringify(filter);
  try {
    compileFilter(text);
  } catch (error) {
    assert(error instanceof FilterFault, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: `accepted: ${text.slice(0, 200)}` });
}

function event(more: Partial<EventPayload> & { text?: string } = {}): EventPayload {
  const { text = '{}', ...rest } = more;
  const base = { id: eventId('evt_1'), topic: 'user.created', time: { ms: 0, nanos: 0 }, metadata: {} };
  return { ...base, data: Buffer.from(text), ...rest };
}

describe('the filter vectors', () => {
  const [, ...lines] = readFileSync(VECTORS, 'utf8').trimEnd().split('\n');

  it('are 171', () => assert.equal(lines.length, 171));

  for (const line of lines) {
    const [number, root = '', filter = '', expected] = line.split('\t');
    it(`answer ${expected} in row ${number}`, () => {
      if (expected === '422') faultOf(filter);
      else assert.equal(matches(root, filter), expected === 'true');
    });
  }
});

describe('compileFilter', () => {
  const data = '{"data":{"amount":100,"tags":["a","b"],"nested":{"x":null},"s":"hello"},"topic":"user.created"}';

  it('decides on the documented examples', () => {
    const examples: readonly (readonly [string, boolean])[] = [
      ['{"data":{"amount":100}}', true],
      ['{"data":{"amount":"100"}}', false],
      ['{"data":{"tags":["a","c"]}}', false],
      ['{"data":{"nope":{"$neq":1}}}', false],
      ['{"data":{"s":{"$startsWith":["x","he"]}}}', true],
      ['{"$or":[{"data":{"amount":1}},{"topic":"user.created"}]}', true],
      ['{"$not":{"data":{"amount":100}}}', false],
      ['{"data":{"s":{"$not":{"$eq":"bye"}}}}', true],
    ];
    for (const [filter, expected] of examples) assert.equal(matches(data, filter), expected, filter);
  });

  it('lets one item of a list satisfy fields and the logic beside them', () => {
    const root = '{"i":[{"s":1,"q":5},{"s":2,"q":0}]}';
    assert.equal(matches(root, '{"i":{"s":1,"$or":[{"q":0},{"q":9}]}}'), false);
    assert.equal(matches(root, '{"i":{"s":1,"$not":{"q":0}}}'), true);
    assert.equal(matches(root, '{"i":{"$not":{"q":0}}}'), false);
  });

  it('looks into lists in lists for plain values and for fields', () => {
    assert.equal(matches('{"t":[[["x"]],"y"]}', '{"t":["x","y"]}'), true);
    assert.equal(matches('{"t":[[{"a":1}]]}', '{"t":{"a":1}}'), true);
  });

  it('takes the negation of a condition on a missing field for true', () => {
    assert.equal(matches('{}', '{"a":{"$not":"y"}}'), true);
    assert.equal(matches('{}', '{"a":{"b":{"$not":"y"}}}'), true);
    assert.equal(matches('{"a":1}', '{"a":{"b":{"$not":"y"}}}'), false);
  });

  it('compares numbers by what was written, in lists and sets too', () => {
    const root = '{"n":9007199254740993,"l":[1e400,12345678901234567890]}';
    assert.equal(matches(root, '{"n":{"$gt":9007199254740992}}'), true);
    assert.equal(matches(root, '{"n":{"$in":[9007199254740992]}}'), false);
    assert.equal(matches(root, '{"n":{"$in":[1,9007199254740993.0]}}'), true);
    assert.equal(matches(root, '{"l":[12345678901234567890,10e399]}'), true);
    assert.equal(matches(root, '{"l":[12345678901234567891]}'), false);
  });

  it('orders texts by code point', () => {
    assert.equal(matches('{"a":"\u{10000}"}', '{"a":{"$gt":"\uffff"}}'), true);
    assert.equal(matches('{"a":"aa"}', '{"a":{"$gt":"a"}}'), true);
  });

  it('compares times by instant, and at the root equal ones too', () => {
    const later = '{"time":"2026-01-01T02:00:00.5Z","data":{"at":"2026-01-01T02:00:00.5Z"}}';
    assert.equal(matches(later, '{"data":{"at":{"$lte":"2026-01-01T04:00:00.500+02:00"}}}'), true);
    assert.equal(matches(later, '{"data":{"at":{"$eq":"2026-01-01T04:00:00.5+02:00"}}}'), false);
    for (const condition of ['"T"', '{"$eq":"T"}', '{"$in":["T"]}', '{"$or":["T",1]}', '{"$not":{"$neq":"T"}}']) {
      const filter = `{"$and":[{"time":${condition.replace('T', '2026-01-01T04:00:00.500+02:00')}}]}`;
      assert.equal(matches(later, filter), true, filter);
    }
    assert.equal(matches(later, '{"time":{"$gt":"2026-01-01T02:00:00.50000001Z"}}'), false);
  });

  it('treats the names of object members as any others', () => {
    assert.equal(matches('{}', '{"__proto__":{}}'), false);
    assert.equal(matches('{}', '{"constructor":{"$exist":true}}'), false);
    assert.equal(matches('{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}'), true);
    assert.equal(matches('{"a":{"__proto__":1}}', '{"a":{"$eq":{"b":1}}}'), false);
    assert.equal(matches('{"a":{"b":1}}', '{"a":{"$eq":{"__proto__":1}}}'), false);
  });

  it('says where and why a filter is refused', () => {
    assert.equal(faultOf({ data: { amount: { $gt: null } } }).path, 'data.amount.$gt');
    assert.equal(faultOf({ $or: [{ a: 1 }, { b: { $regex: 'x' } }] }).path, '$or.1.b.$regex');
    assert.equal(faultOf({ a: { $in: '' } }).reason, 'an empty text is part of every text');
    assert.equal(faultOf({ $gt: 5 }).path, '$gt');
    assert.equal(faultOf({ $or: ['x'] }).path, '$or.0');
    assert.equal(faultOf({ a: { $exist: false, b: 1 } }).path, 'a.$exist');
    assert.equal(faultOf('[]').path, '');
    assert.equal(faultOf('{').path, '');
    assert(faultOf({ [`$${'x'.repeat(9_999)}`]: 1 }).path.length < 300);
  });

  it('refuses a key that stands twice, since one of the two conditions would be dropped', () => {
    assert.equal(faultOf('{"data":{"a":1,"b":":","a":2}}').reason, 'a key stands twice in one object');
    compileFilter('{"data":{"a:\\"":":","b":{"a":2}}}');
  });

  it('accepts filters up to each limit and refuses what exceeds it', () => {
    const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    compileFilter(nested(FILTER_DEPTH_MAX));
    assert.equal(faultOf(nested(FILTER_DEPTH_MAX + 1)).path, Array(FILTER_DEPTH_MAX).fill('a').join('.'));
    faultOf(`{"a":${'['.repeat(30_000)}1e9${']'.repeat(30_000)}}`);

    const wide = (size: number): object => Object.fromEntries(Array.from({ length: size }, (_, n) => [`k${n}`, n]));
    compileFilter(JSON.stringify(wide(FILTER_NODES_MAX)));
    assert.equal(faultOf(wide(FILTER_NODES_MAX + 1)).path, `k${FILTER_NODES_MAX}`);

    const list = (size: number): object => ({ a: { $in: Array.from({ length: size }, (_, n) => n) } });
    compileFilter(JSON.stringify(list(FILTER_LIST_MAX)));
    assert.equal(faultOf(list(FILTER_LIST_MAX + 1)).path, 'a.$in');

    const padded = (bytes: number): string => `{"a":"${'ä'.repeat((bytes - 8) / 2)}"}`;
    compileFilter(padded(FILTER_TEXT_MAX));
    assert.equal(faultOf(padded(FILTER_TEXT_MAX + 2)).path, '');
  });
});

describe('filterRoot', () => {
  it('shows id, topic, time in UTC, metadata and data', () => {
    const payload = event({ time: { ms: 1_500, nanos: 0 }, metadata: { n: '5' }, text: '{"a":[1]}' });
    assert.deepEqual(filterRoot(payload), {
      id: 'evt_1',
      topic: 'user.created',
      time: '1970-01-01T00:00:01.5Z',
      metadata: { n: '5' },
      data: { a: [1] },
    });
  });

  it('answers for odd data', () => {
    const odd = [
      '{"a":"\\ud83d"}',
      '{"a":"\\u0000"}',
      '{"a":1,"a":2}',
      `{"a":${'['.repeat(50_000)}1e9${']'.repeat(50_000)}}`,
    ];
    for (const text of odd) {
      for (const filter of [
        '{"data":{"a":2}}',
        '{"data":{"a":{"$gt":"a"}}}',
        '{"data":{"a":{"b":1}}}',
        '{"data":{"a":[1]}}',
      ]) {
        assert.equal(typeof compileFilter(filter)(filterRoot(event({ text }))), 'boolean');
      }
    }
    assert.equal(compileFilter('{"data":{"a":2}}')(filterRoot(event({ text: '{"a":1,"a":2}' }))), true);
    assert.equal(compileFilter('{"data":{"$exist":false}}')(filterRoot(event({ text: '{' }))), true);
  });
});

/** Builds a filter or an event out of a row of numbers: arbitraries that nest grow beyond every limit. */
function builder(tape: readonly number[]) {
  let at = 0;
  const pick = <T>(...choices: readonly T[]): T => choices[(tape[at++ % tape.length] ?? 0) % choices.length] as T;
  const several = <T>(make: () => T): T[] => Array.from({ length: pick(1, 2, 3) }, make);
  const key = (): string => pick('a', 'b', 'time', 'data', '__proto__');
  const keyed = (make: () => unknown): object => Object.fromEntries(several(() => [key(), make()] as const));
  const text = (): string => pick('a', 'ab', '1e2', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00');
  const scalar = (): unknown => pick<unknown>(null, true, 0, 1, 1.5, text(), text());
  const json = (depth: number): unknown => {
    const inner = (): unknown => json(depth - 1);
    if (depth === 0) return scalar();
    return pick(
      scalar,
      () => several(inner),
      () => [],
      () => keyed(inner),
      () => keyed(inner),
    )();
  };
  const operator = (): object =>
    pick<() => object>(
      () => ({ $gt: pick<unknown>(1, text()) }),
      () => ({ $lte: pick<unknown>(1, text()), $neq: json(1) }),
      () => ({
        $in: pick<unknown>(
          text(),
          several(() => json(1)),
        ),
      }),
      () => ({ $nin: several(() => json(1)) }),
      () => ({ $exist: pick(true, false) }),
      () => ({ $startsWith: text(), $eq: json(1) }),
    )();
  const condition = (depth: number): unknown => {
    const inner = (): unknown => condition(depth - 1);
    if (depth === 0) return pick(scalar, operator)();
    return pick(
      scalar,
      operator,
      () => several(inner),
      () => object(depth),
      () => ({ $not: inner() }),
      () => ({ $and: several(inner), $neq: scalar() }),
      () => ({ $or: several(inner), ...keyed(inner) }),
    )();
  };
  const object = (depth: number): object => {
    const inner = (): object => object(depth - 1);
    if (depth === 0) return keyed(() => condition(0));
    const logic = pick<() => object>(
      () => ({}),
      () => ({ $not: inner() }),
      () => ({ $or: several(inner) }),
    )();
    return { ...keyed(() => condition(depth - 1)), ...logic };
  };
  return { filter: () => object(3), event: () => keyed(() => json(2)) };
}

describe('every filter', () => {
  const tape = fc.array(fc.nat({ max: 419 }), { minLength: 97, maxLength: 97 });

  /** Null for a filter that is refused; any other error fails the test. */
  const compile = (value: unknown): ((root: FilterRoot) => boolean) | null => {
    try {
      return compileFilter(JSON.stringify(value));
    } catch (error) {
      if (error instanceof FilterFault) return null;
      throw error;
    }
  };
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .map(([name, inner]) => [name, reversed(inner)])
        .reverse(),
    );
  };

  it('is refused or answers, and is the same negated twice and in any order of keys', () => {
    const answers = { yes: 0, no: 0 };
    fc.assert(
      fc.property(tape, (numbers) => {
        const build = builder(numbers);
        const value = build.filter();
        const event = parseExactJson(JSON.stringify(build.event())) as FilterRoot;
        const holds = compile(value);
        const negated = compile({ $not: value });
        const twice = compile({ $not: { $not: value } });
        if (holds === null || negated === null || twice === null) return;
        const answer = holds(event);
        answers[answer ? 'yes' : 'no'] += 1;
        assert.equal(typeof answer, 'boolean');
        assert.equal(negated(event), !answer);
        assert.equal(twice(event), answer);
        assert.equal(compile(reversed(value))?.(event), answer);
      }),
      { numRuns: 2_000 },
    );
    assert(Math.min(answers.yes, answers.no) > 30, JSON.stringify(answers));
  });

  it('is refused with a fault and nothing else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((json) => `{"$or":[{"a":${json}}]}`),
        ),
        (text) => {
          try {
            compileFilter(text);
          } catch (error) {
            assert(error instanceof FilterFault);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
