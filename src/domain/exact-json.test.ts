import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareNumbers, equalJson, equalNumbers, ExactNumber, parseExactJson, readNumber } from './exact-json.ts';

describe('readNumber', () => {
  it('keeps what a double stands for as a number', () => {
    for (const text of ['0', '-0.0', '1.0', '100.50', '1e5', '9007199254740992', '0.1', '1e-7', '1e308', '5e-324']) {
      assert.equal(readNumber(text), Number(text) + 0, text);
    }
    assert.equal(readNumber('0e999999999'), 0);
  });

  it('keeps the digits of what a double would round', () => {
    for (const text of ['9007199254740993', '1e400', '-1e-400', '0.10000000000000000001', '12345678901234567890']) {
      assert(readNumber(text) instanceof ExactNumber, text);
    }
  });

  it('reads an exponent of a billion without doing the sum', () => {
    const [huge, huger] = [readNumber('1e999999999'), readNumber('1e1000000000')];
    assert(huge instanceof ExactNumber && huger instanceof ExactNumber);
    assert(huge.key.length < 50);
    assert(compareNumbers(huge, huger) < 0);
    assert(equalNumbers(huge, readNumber('0.0001e1000000003')));
    assert(compareNumbers(readNumber(`1e${'9'.repeat(1_000)}`), huger) > 0);
  });

  it('compares as the decimals do', () => {
    // Numerator over a power of ten: compared with bigints, the other way round from the code under test.
    const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat({ max: 25 }));
    const near = decimal.chain(([digits, places]) =>
      fc.tuple(
        fc.constant([digits, places] as const),
        fc.tuple(
          fc.bigInt(-2n, 2n).map((step) => digits + step),
          fc.constant(places),
        ),
      ),
    );
    fc.assert(
      fc.property(fc.oneof(fc.tuple(decimal, decimal), near), ([one, other]) => {
        const left = one[0] * 10n ** BigInt(other[1]);
        const right = other[0] * 10n ** BigInt(one[1]);
        const expected = left < right ? -1 : Number(left > right);
        const numbers = [readNumber(`${one[0]}e-${one[1]}`), readNumber(`${other[0]}e-${other[1]}`)] as const;
        assert.equal(Math.sign(compareNumbers(...numbers)), expected);
        assert.equal(equalNumbers(...numbers), expected === 0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives equal numbers equal keys', () => {
    const [one, other] = [readNumber('12345678901234567890.0'), readNumber('1234567890123456789e1')];
    assert(one instanceof ExactNumber && other instanceof ExactNumber);
    assert.equal(one.key, other.key);
    assert.notEqual(one.key, (readNumber('-12345678901234567890') as ExactNumber).key);
  });
});

describe('parseExactJson', () => {
  it('is JSON.parse where no digit would be lost', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value = JSON.parse(text) as unknown;
        const rewritten = JSON.stringify(value);
        assert.deepEqual(parseExactJson(rewritten), JSON.parse(rewritten));
      }),
      { numRuns: 300 },
    );
  });

  it('finds the numbers that matter wherever they stand', () => {
    const big = '12345678901234567890';
    for (const text of [
      big,
      `[${big}]`,
      `[1,-${big}]`,
      `{"a":${big}}`,
      `{"a": \n${big}}`,
      '[1E400]',
      '[1.5e400]',
      '[0.1234567890123456789]',
    ]) {
      assert.match(JSON.stringify(parseExactJson(text)), /"digits"/, text);
    }
  });

  it('leaves texts alone that look like numbers', () => {
    assert.deepEqual(parseExactJson('{"a":", 12345678901234567890","12345678901234567":1e2}'), {
      a: ', 12345678901234567890',
      '12345678901234567': 100,
    });
  });

  it('restores numbers below any key and beside any text', () => {
    const text =
      '{"__proto__":[1e400,"1e400"],"a":{"\\"1e400":"\\\\","b":-1e400},"a\\u0022":1e2,"c":1e400,"c":"1e400"}';
    const value = parseExactJson(text);
    const expected = '{"__proto__":[N,"1e400"],"a":{"\\"1e400":"\\\\","b":M},"a\\u0022":100,"c":"1e400"}'
      .replace('N', JSON.stringify(readNumber('1e400')))
      .replace('M', JSON.stringify(readNumber('-1e400')));
    assert.equal(JSON.stringify(value), JSON.stringify(JSON.parse(expected)));
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });

  it('survives depth, and throws for what is not JSON', () => {
    assert(Array.isArray(parseExactJson(`${'['.repeat(100_000)}1e9${']'.repeat(100_000)}`)));
    assert.throws(() => parseExactJson('{'), SyntaxError);
  });
});

describe('equalJson', () => {
  it('compares in depth: lists in order, objects in any order', () => {
    const equal = (one: string, other: string): boolean => equalJson(parseExactJson(one), parseExactJson(other));
    assert(equal('{"a":[1,{"b":null}],"c":"x"}', '{"c":"x","a":[1.0,{"b":null}]}'));
    assert(!equal('[1,2]', '[2,1]'));
    assert(!equal('[1]', '[1,2]'));
    assert(!equal('{"a":1}', '{"a":1,"b":2}'));
    assert(!equal('[]', '{}'));
    assert(!equal('{}', 'null'));
    assert(!equal('1', '"1"'));
    assert(!equal('12345678901234567890', '12345678901234567891'));
    assert(!equal('12345678901234567890', '{}'));
    assert(equal('{"__proto__":12345678901234567890}', '{"__proto__":1234567890123456789e1}'));
  });
});
