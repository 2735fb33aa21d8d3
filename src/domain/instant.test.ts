import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareInstants, formatInstant, formatMs, parseInstant, parseTimeBound } from './instant.ts';

function reformat(text: string): string | null {
  const time = parseInstant(text);
  return time === null ? null : formatInstant(time);
}

describe('parseInstant', () => {
  it('reads what RFC 3339 allows and shows it in UTC', () => {
    const times: readonly (readonly [string, string])[] = [
      ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
      ['2026-01-02T03:04:05.100Z', '2026-01-02T03:04:05.1Z'],
      ['2026-01-02T03:04:05.123456789+05:30', '2026-01-01T21:34:05.123456789Z'],
      ['2026-01-02T03:04:05.1234567899Z', '2026-01-02T03:04:05.123456789Z'],
      ['2026-01-02T03:04:05-00:00', '2026-01-02T03:04:05Z'],
      ['2026-01-02T03:04:05-23:59', '2026-01-03T03:03:05Z'],
      ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00Z'],
      ['0000-02-29T00:00:00Z', '0000-02-29T00:00:00Z'],
      ['0099-12-31T23:59:59Z', '0099-12-31T23:59:59Z'],
      ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00Z'],
      ['1969-12-31T23:59:59.000000001Z', '1969-12-31T23:59:59.000000001Z'],
      ['9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:59.999999999Z'],
    ];
    for (const [text, shown] of times) assert.equal(reformat(text), shown, text);
  });

  it('refuses the rest, as Go does', () => {
    const texts = [
      '',
      'yesterday',
      '2026-01-02',
      '2026-01-02T03:04Z',
      '2026-01-02T03:04:05',
      '2026-01-02t03:04:05Z',
      '2026-01-02T03:04:05z',
      '2026-01-02 03:04:05Z',
      '2026-01-02T03:04:05,5Z',
      '2026-01-02T03:04:05.Z',
      '2026-02-30T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-00-01T00:00:00Z',
      '2026-01-00T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2026-01-02T24:00:00Z',
      '2026-01-02T23:59:60Z',
      '2026-01-02T23:60:00Z',
      '2026-01-02T03:04:05+24:00',
      '2026-01-02T03:04:05+02:60',
      '2026-01-02T03:04:05 02:00',
      '2026-01-02T03:04:05+0200',
      '12026-01-02T03:04:05Z',
      '-026-01-02T03:04:05Z',
      '2026-01-02T3:04:05Z',
      ' 2026-01-02T03:04:05Z',
      '0000-01-01T00:00:00+00:01',
      '9999-12-31T23:59:59-00:01',
      `2026-01-02T03:04:05.${'1'.repeat(999)}Z`,
    ];
    for (const text of texts) assert.equal(parseInstant(text), null, text);
  });

  it('reads back what was formatted, and orders as the instants are', () => {
    const time = fc.record(
      {
        ms: fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }),
        nanos: fc.integer({ min: 0, max: 999_999 }),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(time, time, (one, other) => {
        const text = formatInstant(one);
        assert.deepEqual(parseInstant(text), one);
        assert.doesNotMatch(text, /\.\d*0Z$|\.Z/);
        const expected = one.ms === other.ms ? one.nanos - other.nanos : one.ms - other.ms;
        assert.equal(Math.sign(compareInstants(one, other)), Math.sign(expected));
      }),
      { numRuns: 500 },
    );
    assert(compareInstants({ ms: 1, nanos: 2 }, { ms: 1, nanos: 3 }) < 0);
  });
});

describe('formatMs', () => {
  it('drops trailing zeros and an empty fraction', () => {
    assert.equal(formatMs(0), '1970-01-01T00:00:00Z');
    assert.equal(formatMs(120), '1970-01-01T00:00:00.12Z');
    assert.equal(formatMs(-1), '1969-12-31T23:59:59.999Z');
  });
});

describe('parseTimeBound', () => {
  it('takes a bare date for its midnight in UTC', () => {
    assert.deepEqual(parseTimeBound('2026-01-02'), parseInstant('2026-01-02T00:00:00Z'));
    assert.deepEqual(parseTimeBound('2026-01-02T01:00:00+01:00'), parseInstant('2026-01-02T00:00:00Z'));
    for (const text of ['2026-02-30', '2026-1-2', '', 'abc', '2026-01-02T00:00:00 02:00'])
      assert.equal(parseTimeBound(text), null);
  });
});
