/** Time limits, aborts, headers and odd answers of the client. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ConnectionError,
  type Environment,
  type HTTPClient,
  InvalidRequestError,
  Outpost,
  type OutpostOptions,
  RequestAbortedError,
  RequestTimeoutError,
} from '../../sdk/src/outpost-sdk.ts';
import { OPERATIONS } from './operations.ts';

const KEY = 'key-that-no-error-shows';

function clientOf(httpClient: HTTPClient, options: OutpostOptions = {}, environment?: Environment): Outpost {
  return new Outpost({ tenantId: 't', security: { adminApiKey: KEY }, httpClient, ...options }, environment);
}

/** Answers nothing until it is aborted. */
const silent: HTTPClient = (_url, init) =>
  new Promise((_resolve, reject) => {
    init.signal?.addEventListener('abort', () => reject(new Error('aborted')));
  });

/** A timer whose limit has passed as soon as it is set. */
const late: Environment = {
  now: () => 0,
  time: () => 0,
  random: () => 0,
  after(_ms, run) {
    queueMicrotask(run);
    return () => {};
  },
};

describe('the client over HTTP', () => {
  it('gives up after its time limit, with another error than the server that answers 408 or 504', async () => {
    for (const operation of OPERATIONS) {
      await assert.rejects(operation.call(clientOf(silent, { timeoutMs: 250 }, late)), (error) => {
        assert.ok(error instanceof RequestTimeoutError);
        assert.equal(error.message, 'no complete answer within 250 ms');
        return true;
      });
    }
  });

  it('counts the body into the time limit', async () => {
    const stuck: HTTPClient = async (_url, init) => {
      const body = new ReadableStream({
        start(controller) {
          init.signal?.addEventListener('abort', () => controller.error(new Error('aborted')));
        },
      });
      return new Response(body, { status: 200 });
    };
    await assert.rejects(clientOf(stuck, {}, late).destinations.list({}, { timeoutMs: 5 }), RequestTimeoutError);
  });

  it('lets the time limit of a call win, and cancels its timer after the answer', async () => {
    const set: number[] = [];
    let cancelled = 0;
    const environment: Environment = {
      ...late,
      after(ms) {
        set.push(ms);
        return () => cancelled++;
      },
    };
    const client = clientOf(async () => Response.json([]), { timeoutMs: 11 }, environment);
    await client.destinations.list();
    await client.destinations.list({}, { timeoutMs: 12 });
    assert.deepEqual([set, cancelled], [[11, 12], 2]);
  });

  it('refuses a time limit that is none', async () => {
    for (const timeoutMs of [0, -1, Number.NaN]) {
      assert.throws(() => clientOf(silent, { timeoutMs }), InvalidRequestError);
      await assert.rejects(clientOf(silent).destinations.list({}, { timeoutMs }), InvalidRequestError);
    }
  });

  it('sends nothing when the signal has aborted before', async () => {
    const client = clientOf(() => assert.fail('something was sent'));
    const signal = AbortSignal.abort('gone');
    await assert.rejects(client.destinations.list({}, { signal }), (error) => {
      assert.ok(error instanceof RequestAbortedError);
      assert.equal(error.cause, 'gone');
      return true;
    });
  });

  it('ends the request when the signal aborts', async () => {
    const abort = new AbortController();
    const call = clientOf(silent).destinations.list({}, { signal: abort.signal });
    abort.abort();
    await assert.rejects(call, RequestAbortedError);
  });

  it('says what broke the connection', async () => {
    const refused = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
    await assert.rejects(clientOf(() => Promise.reject(refused)).destinations.list(), (error) => {
      assert.ok(error instanceof ConnectionError);
      assert.equal(error.message, 'no answer: connect ECONNREFUSED');
      assert.equal(error.cause, refused);
      return true;
    });
  });

  it('reads no answer without end', async () => {
    let hasEnded = false;
    const endless: HTTPClient = async () => {
      const chunk = new Uint8Array(1024 * 1024);
      return new Response(
        new ReadableStream({ pull: (controller) => controller.enqueue(chunk), cancel: () => void (hasEnded = true) }),
      );
    };
    await assert.rejects(clientOf(endless).destinations.list(), /larger than 16777216 bytes/);
    assert.ok(hasEnded, 'the rest of the body is not asked for');
  });

  it('reads characters that are cut between two chunks', async () => {
    const bytes = new TextEncoder().encode('[{"id":"ü€🚀"}]');
    const headers = { 'content-type': 'application/json' };
    const cut: HTTPClient = async () =>
      new Response(
        new ReadableStream({
          start(controller) {
            for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
            controller.close();
          },
        }),
        { headers },
      );
    assert.equal((await clientOf(cut).destinations.list())[0]?.id, 'ü€🚀');
  });

  it('sends a content type only with a body, and no header that a browser would have to ask for', async () => {
    for (const operation of OPERATIONS) {
      let seen: Headers | null = null;
      const client = clientOf(async (_url, init) => {
        seen = new Headers(init.headers);
        assert.equal(init.redirect, 'manual');
        return Response.json({});
      });
      await operation.call(client);
      const hasBody = operation.method === 'POST' || operation.method === 'PATCH';
      assert.deepEqual(Object.fromEntries(seen ?? []), {
        accept: 'application/json',
        authorization: `Bearer ${KEY}`,
        ...(hasBody ? { 'content-type': 'application/json' } : {}),
      });
    }
  });

  it('adds the headers of a call, which win', async () => {
    let seen = new Headers();
    const client = clientOf(async (_url, init) => {
      seen = new Headers(init.headers);
      return Response.json([]);
    });
    await client.destinations.list({}, { headers: { 'X-Trace': '1', Accept: 'application/json;v=2' } });
    assert.equal(seen.get('x-trace'), '1');
    assert.equal(seen.get('accept'), 'application/json;v=2');
  });

  it('refuses what can not be sent, without quoting it', async () => {
    const secret = 'line\nbreak';
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const client = clientOf(() => assert.fail('something was sent'));
    const hidden = (error: unknown): boolean =>
      error instanceof InvalidRequestError && !error.message.includes('line') && error.cause === undefined;
    await assert.rejects(client.destinations.list({}, { headers: { 'x-a': secret } }), hidden);
    const destinationCreate = { type: 'webhook', topics: '*', config: { url: 'u' }, metadata: circle } as const;
    await assert.rejects(client.destinations.create({ destinationCreate }), hidden);
    for (const adminApiKey of [secret, '', 'a b', 'kéy']) {
      assert.throws(() => new Outpost({ security: { adminApiKey } }), hidden);
    }
  });
});
