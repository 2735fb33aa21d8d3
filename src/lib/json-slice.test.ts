import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  DEPTH_MAX,
  findMember,
  type JsonFault,
  memberBytes,
  MEMBERS_MAX,
  memberKey,
  memberText,
  memberValue,
  type Sliced,
  sliceJson,
} from './json-slice.ts';

function slice(text: string | Uint8Array): Sliced {
  const sliced = sliceJson(typeof text === 'string' ? Buffer.from(text) : text);
  assert(sliced.ok, `refused: ${JSON.stringify(sliced)}`);
  return sliced;
}

function faultOf(text: string | Uint8Array): JsonFault {
  const sliced = sliceJson(typeof text === 'string' ? Buffer.from(text) : text);
  assert(!sliced.ok, `accepted: ${String(text)}`);
  return sliced;
}

function textOf(sliced: Sliced, name: string): string | null {
  const member = findMember(sliced, name);
  return member === null ? null : memberText(sliced, member);
}

describe('sliceJson', () => {
  it('tells key, kind and range of each member', () => {
    const sliced = slice(' { "a" : {"x": [1, 2]} ,"ä\\n":[ ],"s":"\\"}","n":-1.5e+3,"t":true,"f":false,"z":null}\n');
    const told = sliced.members.map((member) => [memberKey(sliced, member), member.kind, memberText(sliced, member)]);
    assert.deepEqual(told, [
      ['a', 'object', '{"x": [1, 2]}'],
      ['ä\n', 'array', '[ ]'],
      ['s', 'string', '"\\"}"'],
      ['n', 'number', '-1.5e+3'],
      ['t', 'boolean', 'true'],
      ['f', 'boolean', 'false'],
      ['z', 'null', 'null'],
    ]);
  });

  it('hands out the bytes as they were sent', () => {
    const data = '{"b":1.00,"1":2,"1":3, "é":"\\ud83d"}';
    const sliced = slice(`{"data":${data}}`);
    const member = findMember(sliced, 'data');
    assert(member !== null);
    assert.equal(memberBytes(sliced, member).toString(), data);
    assert.deepEqual(memberValue(sliced, member), JSON.parse(data));
  });

  it('reads a plain byte array that is part of a larger one', () => {
    const whole = Buffer.from('xx{"a":1}xx');
    assert.equal(textOf(slice(new Uint8Array(whole.buffer, whole.byteOffset + 2, 7)), 'a'), '1');
  });

  it('skips a byte order mark without moving the offsets of what follows', () => {
    const body = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"data":{"k":"žluť"}}')]);
    const sliced = slice(body);
    assert.equal(textOf(sliced, 'data'), '{"k":"žluť"}');
    assert.equal(sliced.members[0]?.start, 11);
    assert.equal(faultOf(Buffer.concat([body.subarray(0, 3), body])).reason, 'syntax');
  });

  it('takes null for an object without members, and no other value', () => {
    assert.deepEqual(slice(' null ').members, []);
    assert.deepEqual(faultOf(' [1]'), { ok: false, offset: 1, reason: 'not_an_object' });
    assert.equal(faultOf('"x"').reason, 'not_an_object');
    assert.equal(faultOf('nul').reason, 'syntax');
    assert.equal(faultOf('[1').reason, 'syntax');
    assert.equal(faultOf('null null').reason, 'syntax');
  });

  it('says where the text stops being JSON', () => {
    const faults: readonly (readonly [string, number])[] = [
      ['', 0],
      ['{', 1],
      ['{"a"', 4],
      ['{"a":1,}', 7],
      ['{"a":1}x', 7],
      ['{"a":01}', 6],
      ['{"a":"x\ny"}', 7],
      ['{"a":"\\x"}', 6],
      ['{"a":[1}', 7],
      ['{"a":{"b":1]}', 11],
    ];
    for (const [text, offset] of faults) assert.deepEqual(faultOf(text), { ok: false, offset, reason: 'syntax' }, text);
  });

  it('refuses what is not UTF-8', () => {
    assert.equal(faultOf(Buffer.from([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d])).reason, 'not_utf8');
  });

  it('accepts depth and members up to their limits', () => {
    const deep = (depth: number): string => `{"a":${'[{"b":'.repeat((depth - 1) / 2)}1${'}]'.repeat((depth - 1) / 2)}}`;
    slice(deep(DEPTH_MAX - 1));
    slice(`{"a":${'['.repeat(DEPTH_MAX - 1)}${']'.repeat(DEPTH_MAX - 1)}}`);
    assert.deepEqual(faultOf(`{"a":${'['.repeat(DEPTH_MAX)}${']'.repeat(DEPTH_MAX)}}`), {
      ok: false,
      offset: 4 + DEPTH_MAX,
      reason: 'too_deep',
    });
    assert.equal(faultOf('{"a":'.repeat(1_000_000)).reason, 'too_deep');

    const wide = (size: number): string => `{${Array.from({ length: size }, (_, n) => `"k${n}":0`).join()}}`;
    assert.equal(slice(wide(MEMBERS_MAX)).members.length, MEMBERS_MAX);
    assert.equal(faultOf(wide(MEMBERS_MAX + 1)).reason, 'too_many_members');
  });

  it('accepts exactly the texts that JSON.parse accepts, and slices them the same', () => {
    const json = fc.json({ noUnicodeString: false }).map((text) => `{"data":${text},"x":1}`);
    const broken = fc
      .tuple(json, fc.nat(), fc.constantFrom(...'{}[]",:\\0-.eE+tfnu \t\n\u0001'))
      .map(([text, at, mark]) => {
        const place = at % text.length;
        return (text.slice(0, place) + mark + text.slice(place + (at % 2))).toWellFormed();
      });
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(json, broken), (text) => {
        let value: unknown;
        let isJson = true;
        try {
          value = JSON.parse(text);
        } catch {
          isJson = false;
        }
        const sliced = sliceJson(Buffer.from(text));
        assert.equal(sliced.ok, isJson, text);
        if (!sliced.ok) return;
        accepted += 1;
        const built = Object.fromEntries(
          sliced.members.map((member) => [memberKey(sliced, member), memberValue(sliced, member)]),
        );
        assert.deepEqual(built, value);
      }),
      { numRuns: 1_000 },
    );
    assert(accepted > 300, `only ${accepted} texts were JSON`);
  });
});

describe('findMember', () => {
  it('prefers an exact match, otherwise takes the first in any case', () => {
    const sliced = slice('{"ID":1,"Id":2,"id":3,"TOPIC":4,"Topic":5}');
    assert.equal(textOf(sliced, 'id'), '3');
    assert.equal(textOf(sliced, 'topic'), '4');
    assert.equal(textOf(sliced, 'to'), null);
  });

  it('takes the last of equal keys', () => {
    const sliced = slice('{"a":1,"B":2,"a":3,"b\\u0000":0,"b":4,"B":5,"C":6,"c":7,"C":8}');
    assert.equal(textOf(sliced, 'a'), '3');
    assert.equal(textOf(sliced, 'b'), '4');
    assert.equal(textOf(slice('{"A":1,"a\\u0000":2,"\\u0041":3}'), 'a'), '3');
  });

  it('reads keys that were written with escapes', () => {
    const sliced = slice('{"t\\u006fpic":"x","\\u0049d":1}');
    assert.equal(textOf(sliced, 'topic'), '"x"');
    assert.equal(textOf(sliced, 'id'), '1');
  });

  it('folds ASCII letters only', () => {
    assert.equal(textOf(slice('{"to\u212a":1,"@":1,"[":2}'), 'tok'), null);
    assert.equal(textOf(slice('{"[":2}'), '{'), null);
  });
});
