import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../lib/errors.ts';
import { mapPatchMember, readObject, readOptionalObject, stringMapMember, topicsMember } from './body.ts';
import { decodeCreate, decodePatch } from './destination-body.ts';

const map = (json: string): unknown => stringMapMember(readObject(Buffer.from(`{"config":${json}}`)), 'config');
const objectOf = (length: number): string => `{${Array.from({ length }, (_, n) => `"k${n}":1`).join()}}`;
const sentenceOf = (error: unknown): unknown => error instanceof AppError && Array.isArray(error.data) && error.data[0];
const isInvalid = (error: unknown): boolean => error instanceof AppError && error.message === 'invalid JSON';

describe('a map of strings', () => {
  it('keeps texts and turns other scalars into text', () => {
    assert.deepEqual(map('{"s":"<&>","t":true,"f":false,"n":null}'), { s: '<&>', t: 'true', f: 'false', n: '' });
  });

  it('writes integers in plain decimal, however they were spelled or large', () => {
    assert.deepEqual(map('{"a":42,"b":1000000,"c":12345678901234567890,"d":-0,"e":1e3,"f":1E21,"g":2.0}'), {
      a: '42',
      b: '1000000',
      c: '12345678901234567890',
      d: '-0',
      e: '1000',
      f: '1000000000000000000000',
      g: '2',
    });
  });

  it('writes fractions in their shortest form, and refuses what no double holds', () => {
    assert.deepEqual(map('{"a":3.14,"b":0.10}'), { a: '3.14', b: '0.1' });
    assert.throws(() => map('{"a":1e400}'), isInvalid);
  });

  it('writes an exponent only below 0.0001, of two digits at least', () => {
    assert.deepEqual(map('{"a":0.0001,"b":0.00001,"c":-1.25e-7,"d":1e-100,"e":0.0,"f":1234567.5}'), {
      a: '0.0001',
      b: '1e-05',
      c: '-1.25e-07',
      d: '1e-100',
      e: '0',
      f: '1234567.5',
    });
  });

  it('writes objects and lists as compact JSON with keys in order and numbers as sent', () => {
    assert.deepEqual(map('{"o":{"b": 1.50, "a":[1, "x", null, 12345678901234567890]}}'), {
      o: '{"a":[1,"x",null,12345678901234567890],"b":1.50}',
    });
  });

  it('keeps a key called __proto__ and lets the last of two win', () => {
    const kept = map('{"__proto__":"x","a":"1","a":"2"}') as Record<string, string>;
    assert.deepEqual(Object.entries(kept), [
      ['__proto__', 'x'],
      ['a', '2'],
    ]);
  });

  it('is invalid when it is no object', () => {
    for (const json of ['"x"', '[1]', '5', 'true']) assert.throws(() => map(json), isInvalid, json);
    assert.equal(map('null'), null);
  });

  it('keeps nulls in a patch, where they remove', () => {
    const body = readObject(Buffer.from('{"config":{"a":null,"b":1}}'));
    assert.deepEqual(mapPatchMember(body, 'config'), { a: null, b: '1' });
  });

  it('has limits that are named', () => {
    for (const length of [129, 1_025]) {
      assert.throws(
        () => map(objectOf(length)),
        (error) => sentenceOf(error) === 'config must have at most 128 entries',
      );
    }
    assert.throws(
      () => map('{"a":1e400}'),
      (error) => sentenceOf(error) === 'numbers must be within ±1.7976931348623157e+308',
    );
    assert.throws(
      () => map(`{"k":"${'v'.repeat(65_537)}"}`),
      (error) => sentenceOf(error) === 'config values must be at most 65536 bytes',
    );
  });
});

describe('topics', () => {
  const topics = (json: string): unknown => topicsMember(readObject(Buffer.from(`{"topics":${json}}`)), 'topics');
  const hasBadFormat = (error: unknown): boolean =>
    error instanceof AppError && error.message === 'validation failed: invalid topics format';

  it('are a star or a list of texts', () => {
    assert.deepEqual(topics('"*"'), ['*']);
    assert.deepEqual(topics('["a",null]'), ['a', '']);
    assert.deepEqual(topics('[]'), []);
    assert.equal(topics('null'), null);
  });

  it('have no other form', () => {
    for (const json of ['"a"', '[1]', '{}', '5']) assert.throws(() => topics(json), hasBadFormat, json);
  });
});

describe('a destination', () => {
  it('keeps the text of its filter, and takes an empty one for none', () => {
    const filter = '{ "data": {"n": 1.0} }';
    assert.equal(decodeCreate(Buffer.from(`{"filter":${filter}}`)).filter, filter);
    assert.equal(decodeCreate(Buffer.from('{"filter":{ }}')).filter, null);
    assert.throws(() => decodeCreate(Buffer.from('{"filter":[]}')), isInvalid);
  });

  it('is patched only where the body says something', () => {
    assert.deepEqual(decodePatch(Buffer.from('{}')), {});
    assert.deepEqual(decodePatch(Buffer.from('{"filter":{},"disabled_at":null,"metadata":{"a":null}}')), {
      filter: null,
      disabledAtMs: null,
      metadata: { a: null },
    });
    assert.deepEqual(decodePatch(Buffer.from('{"disabled_at":"2020-01-01T00:00:00Z"}')), {
      disabledAtMs: Date.UTC(2020, 0, 1),
    });
  });

  it('passes on a filter of any length, which has limits of its own', () => {
    const filter = objectOf(1_025);
    assert.equal(decodeCreate(Buffer.from(`{"filter":${filter}}`)).filter, filter);
  });

  it('is told which time of a patch can not be read', () => {
    for (const time of ['"soon"', '"2026-02-30T00:00:00Z"', '5']) {
      assert.throws(() => decodePatch(Buffer.from(`{"disabled_at":${time}}`)), /^AppError: invalid disabled_at: ./);
    }
  });

  it('may be created with a body of null, which lacks everything', () => {
    assert.equal(decodeCreate(Buffer.from('null')).type, null);
  });
});

describe('a body', () => {
  const limitOf = (json: string): unknown => {
    try {
      readObject(Buffer.from(json));
    } catch (error) {
      assert.ok(isInvalid(error));
      return sentenceOf(error);
    }
    return null;
  };

  it('is told which of the limits on JSON it exceeds', () => {
    const nested = (levels: number): string => `{"data":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    assert.equal(limitOf(nested(128)), null);
    assert.equal(limitOf(nested(129)), 'the body is nested more than 128 levels deep');
    assert.equal(limitOf(objectOf(1_024)), null);
    assert.equal(limitOf(objectOf(1_025)), 'the body has more than 1024 members');
    assert.equal(limitOf('{'), false, 'a syntax error has no words but its message');
  });
});

describe('a body that may be left out', () => {
  it('counts as empty when there is none', () => {
    assert.deepEqual(readOptionalObject(new Uint8Array(0)).members, []);
    assert.throws(() => readObject(new Uint8Array(0)), isInvalid);
  });
});
