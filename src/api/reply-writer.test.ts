import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { rawJson, rawObject } from './raw-json.ts';
import { replyWriter } from './reply-writer.ts';

describe('a reply writer', () => {
  it('writes members in the order of the schema', () => {
    const write = replyWriter(z.object({ b: z.string(), a: z.number() }));
    assert.equal(write({ a: 1, b: 'x' }), '{"b":"x","a":1}');
  });

  it('leaves out what the schema does not declare, however deep', () => {
    const write = replyWriter(z.object({ inner: z.array(z.object({ id: z.string() })) }));
    assert.equal(write({ inner: [{ id: '1', secret: 's' }], secret: 's' }), '{"inner":[{"id":"1"}]}');
  });

  it('leaves out what is undefined, and refuses to leave out what is required', () => {
    const write = replyWriter(z.object({ a: z.string().optional(), b: z.string().nullable() }));
    assert.equal(write({ b: null }), '{"b":null}');
    assert.throws(() => write({ a: 'x' }), /lacks b/);
  });

  it('splices raw JSON as it is', () => {
    const write = replyWriter(z.object({ data: rawObject('') }));
    const bytes = Buffer.from('{"b": 1.0, "b":12345678901234567890, "s":"\\ud83d é"}');
    assert.equal(write({ data: rawJson(bytes) }), `{"data":${bytes.toString()}}`);
  });

  it('does not take a plain object for raw JSON', () => {
    const write = replyWriter(z.object({ data: rawObject('') }));
    assert.throws(() => write({ data: { text: '{}' } }), /lacks data/);
  });

  it('writes maps with their keys in order', () => {
    const write = replyWriter(z.record(z.string(), z.string()));
    assert.equal(write({ b: '2', a: '1', 10: 'x', 9: 'y' }), '{"10":"x","9":"y","a":"1","b":"2"}');
  });

  it('writes keys and texts that need escapes', () => {
    const write = replyWriter(z.record(z.string(), z.string()));
    assert.deepEqual(JSON.parse(write({ 'a"\n': '\u2028"' }) ?? ''), { 'a"\n': '\u2028"' });
  });

  it('writes, of a union of objects, the one whose required members are there', () => {
    const write = replyWriter(
      z.union([z.object({ id: z.string(), note: z.string().optional() }), z.object({ redirect_url: z.string() })]),
    );
    assert.equal(write({ note: 'n', id: 'a', redirect_url: 'u' }), '{"id":"a","note":"n"}');
    assert.equal(write({ redirect_url: 'u' }), '{"redirect_url":"u"}');
    assert.equal(write({ other: 1 }), undefined);
  });
});
