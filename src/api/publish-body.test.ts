import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../lib/errors.ts';
import { checkIdempotencyKey, decodePublish } from './publish-body.ts';

const NO_TOPICS: readonly string[] = [];

/** The words of the error that a body is refused with. */
function refusal(body: string | Uint8Array, topics = NO_TOPICS): unknown {
  try {
    decodePublish(Buffer.from(body), topics);
  } catch (error) {
    assert.ok(error instanceof AppError);
    return error.data ?? error.message;
  }
  return null;
}

const event = (members: string): string => `{"tenant_id":"t","data":{}${members === '' ? '' : `,${members}`}}`;

describe('a publish body', () => {
  it('keeps the bytes of data, in a buffer of their own', () => {
    const data = '{"a": 1.0,"a":12345678901234567890,  "s":"\\ud83d \\u001B é"}';
    const request = decodePublish(Buffer.from(` {"tenant_id" : "t", "data" :${data} } `), NO_TOPICS);
    assert.equal(Buffer.from(request.data).toString(), data, 'the bytes of data are kept as they came');
    assert.equal(request.data.buffer.byteLength, request.data.byteLength);
  });

  it('has defaults for everything but tenant and data', () => {
    const { data: _data, ...rest } = decodePublish(Buffer.from(event('')), NO_TOPICS);
    assert.deepEqual(rest, {
      tenantId: 't',
      id: null,
      destinationId: null,
      topic: '',
      time: null,
      eligibleForRetry: true,
      metadata: {},
    });
  });

  it('reads every member, with nulls as if they were absent', () => {
    const text = event(
      '"id":"e","destination_id":"d","topic":"a","time":"2024-01-15T09:30:00.5Z","eligible_for_retry":false,"metadata":{"k":"v","n":null}',
    );
    const { data: _data, ...rest } = decodePublish(Buffer.from(text), NO_TOPICS);
    assert.deepEqual(rest, {
      tenantId: 't',
      id: 'e',
      destinationId: 'd',
      topic: 'a',
      time: { ms: Date.UTC(2024, 0, 15, 9, 30, 0, 500), nanos: 0 },
      eligibleForRetry: false,
      metadata: { k: 'v', n: '' },
    });
    const nulls = event('"id":null,"topic":null,"time":null,"eligible_for_retry":null,"metadata":null');
    assert.equal(decodePublish(Buffer.from(nulls), NO_TOPICS).eligibleForRetry, true);
  });

  it('may begin with a byte order mark (field case 22)', () => {
    const body = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"tenant_id":"t","data":{"é":1}}')]);
    assert.equal(Buffer.from(decodePublish(body, NO_TOPICS).data).toString(), '{"é":1}');
  });

  it('lets the last of two members win, and matches names in any case', () => {
    assert.equal(decodePublish(Buffer.from(event('"id":"a","id":"b"')), NO_TOPICS).id, 'b');
    assert.equal(decodePublish(Buffer.from(event('"ID":"a"')), NO_TOPICS).id, 'a');
  });

  it('is refused in stages, the first alone: JSON, what is required, data, topic', () => {
    assert.equal(refusal('{"topic":5}', ['a']), 'invalid JSON');
    assert.deepEqual(refusal('{"data":[]}', ['a']), ['tenant_id is required']);
    assert.deepEqual(refusal('{}', ['a']), ['tenant_id is required', 'data is required']);
    assert.deepEqual(refusal('{"tenant_id":"t","data":[]}', ['a']), ['data must be a valid JSON object']);
    assert.deepEqual(refusal(event(''), ['a']), ['topic is required']);
    assert.deepEqual(refusal(event('"topic":"b"'), ['a']), ['topic is invalid']);
    assert.equal(refusal(event('"topic":"*"'), ['a']), null);
  });

  it('is invalid when a value has the wrong kind, or the bytes are no UTF-8', () => {
    for (const members of ['"id":5', '"metadata":[]', '"metadata":{"n":1}', '"eligible_for_retry":"true"', '"id":{}']) {
      assert.equal(refusal(event(members)), 'invalid JSON', members);
    }
    for (const body of ['', '[]', '"x"', '{"tenant_id":"t","data":{}} x', '{"tenant_id":"t","data":{}']) {
      assert.equal(refusal(body), 'invalid JSON', body);
    }
    assert.equal(
      refusal(Buffer.from([...Buffer.from('{"tenant_id":"'), 0xe9, ...Buffer.from('","data":{}}')])),
      'invalid JSON',
    );
  });

  it('tells a time that is none from one that is no text', () => {
    assert.equal(refusal(event('"time":5')), 'Time.UnmarshalJSON: input is not a JSON string');
    assert.match(String(refusal(event('"time":"2026-02-30T00:00:00Z"'))), /^time must be/);
  });

  it('refuses U+0000 and lone surrogates outside of data (field case 21)', () => {
    for (const bad of ['\\u0000', '\\ud83d']) {
      for (const field of ['id', 'destination_id', 'topic']) {
        assert.match(String(refusal(event(`"${field}":"x${bad}"`))), new RegExp(`^${field} must`));
      }
      assert.match(String(refusal(event(`"metadata":{"k":"${bad}"}`))), /^metadata values must/);
      assert.match(String(refusal(event(`"metadata":{"${bad}":"v"}`))), /^metadata keys must/);
      assert.match(String(refusal(`{"tenant_id":"${bad}","data":{}}`)), /^tenant_id must/);
      assert.equal(refusal(`{"tenant_id":"t","data":{"s":"${bad}"}}`), null);
    }
  });

  it('refuses ids that no path can name (field case 16)', () => {
    for (const id of ['a/b', '.', '..', 'x'.repeat(256)])
      assert.match(String(refusal(event(`"id":"${id}"`))), /^id must/);
    for (const id of ['a b', 'a%2Fb', 'é', 'x'.repeat(255)]) assert.equal(refusal(event(`"id":"${id}"`)), null);
  });

  it('names the limits of topic and metadata', () => {
    const entries = (count: number): string => Array.from({ length: count }, (_, n) => `"k${n}":"v"`).join();
    for (const count of [65, 1_025]) {
      assert.deepEqual(refusal(event(`"metadata":{${entries(count)}}`)), ['metadata must have at most 64 entries']);
    }
    assert.equal(refusal(event(`"metadata":{${entries(64)}}`)), null);
    assert.deepEqual(refusal(event(`"metadata":{"k":"${'v'.repeat(4_097)}"}`)), [
      'metadata values must be at most 4096 bytes',
    ]);
    assert.deepEqual(refusal(event(`"metadata":{"${'k'.repeat(129)}":"v"}`)), [
      'metadata keys must be at most 128 bytes',
    ]);
    assert.deepEqual(refusal(event(`"topic":"${'é'.repeat(128)}"`)), ['topic must be at most 255 bytes']);
  });
});

describe('an idempotency key', () => {
  it('is 1 to 255 bytes of printable ASCII', () => {
    for (const key of ['k', ' ~"', 'x'.repeat(255)]) assert.equal(checkIdempotencyKey(key), key);
    assert.equal(checkIdempotencyKey(undefined), null);
    for (const key of ['', 'x'.repeat(256), 'a\tb', 'é', '\x7f']) {
      assert.throws(
        () => checkIdempotencyKey(key),
        (error) =>
          error instanceof AppError &&
          error.code === 'invalid_request' &&
          isDeepStrictEqual(error.data, ['Idempotency-Key must be 1 to 255 bytes of printable ASCII']),
        JSON.stringify(key),
      );
    }
  });
});
