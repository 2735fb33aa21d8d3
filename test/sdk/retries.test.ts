/** Retries of a call, on a clock that the test drives. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ConnectionError,
  type HTTPClient,
  InternalServerError,
  InvalidRequestError,
  Outpost,
  RateLimitedError,
  RequestAbortedError,
  type RetryConfig,
} from '../../sdk/src/outpost-sdk.ts';
import { type FakeEnvironment, fakeEnvironment } from './fake-environment.ts';

const TIMEOUT_MS = 60_000;
const BACKOFF = { initialInterval: 100, maxInterval: 500, exponent: 2, maxElapsedTime: 10_000 };
const RETRIES: RetryConfig = { strategy: 'backoff', backoff: BACKOFF };

type Scripted = number | Error | Readonly<Record<string, string>>;

/** A client of answers in turn, the last one again and again: a status, an error, or the headers of a 503. */
function clientOf(answers: readonly Scripted[], environment: FakeEnvironment, retryConfig?: RetryConfig) {
  const calls = { count: 0 };
  const httpClient: HTTPClient = async () => {
    const answer = answers[Math.min(calls.count, answers.length - 1)] ?? 200;
    calls.count++;
    if (answer instanceof Error) throw answer;
    const status = typeof answer === 'number' ? answer : 503;
    const headers = typeof answer === 'number' ? {} : answer;
    return Response.json(status === 200 ? [] : { message: 'no' }, { status, headers });
  };
  const config = retryConfig === undefined ? {} : { retryConfig };
  const options = { tenantId: 't', security: { adminApiKey: 'key' }, timeoutMs: TIMEOUT_MS, httpClient, ...config };
  return { calls, list: new Outpost(options, environment).destinations.list };
}

describe('retries of the client', () => {
  it('are not made unless asked for', async () => {
    const { calls, list } = clientOf([503, 200], fakeEnvironment(TIMEOUT_MS));
    await assert.rejects(list(), InternalServerError);
    assert.equal(calls.count, 1);
  });

  it('repeat a call that was answered 503 twice, with growing waits', async () => {
    const environment = fakeEnvironment(TIMEOUT_MS);
    const { calls, list } = clientOf([503, 503, 200], environment);
    assert.deepEqual(await list({}, { retries: RETRIES }), []);
    assert.equal(calls.count, 3);
    assert.deepEqual(environment.waits, [100, 200]);
  });

  it('wait between half an interval and a whole one', async () => {
    const environment = fakeEnvironment(TIMEOUT_MS, { random: 0 });
    await clientOf([503, 503, 200], environment, RETRIES).list();
    assert.deepEqual(environment.waits, [50, 100]);
  });

  it('never wait longer than the maximum interval', async () => {
    const environment = fakeEnvironment(TIMEOUT_MS);
    await clientOf([503, 503, 503, 503, 503, 200], environment, RETRIES).list();
    assert.deepEqual(environment.waits, [100, 200, 400, 500, 500]);
  });

  it('end with the last error once the next one would begin after the maximum elapsed time', async () => {
    const environment = fakeEnvironment(TIMEOUT_MS);
    const { calls, list } = clientOf([503, 429], environment);
    const retries: RetryConfig = { strategy: 'backoff', backoff: { ...BACKOFF, maxElapsedTime: 700 } };
    await assert.rejects(list({}, { retries }), RateLimitedError);
    assert.deepEqual(environment.waits, [100, 200, 400]);
    assert.equal(calls.count, 4);
  });

  it('are made for 429, 500, 502, 503 and 504 and for no other answer', async () => {
    const retried: number[] = [];
    for (let status = 400; status < 600; status++) {
      const { calls, list } = clientOf([status, 200], fakeEnvironment(TIMEOUT_MS), RETRIES);
      await list().catch(() => null);
      if (calls.count > 1) retried.push(status);
    }
    assert.deepEqual(retried, [429, 500, 502, 503, 504]);
  });

  it('are made after a broken connection only if asked for', async () => {
    const broken = new TypeError('fetch failed');
    const without = clientOf([broken, 200], fakeEnvironment(TIMEOUT_MS), RETRIES);
    await assert.rejects(without.list(), ConnectionError);
    assert.equal(without.calls.count, 1);
    const asked = clientOf([broken, broken, 200], fakeEnvironment(TIMEOUT_MS));
    assert.deepEqual(await asked.list({}, { retries: { ...RETRIES, retryConnectionErrors: true } }), []);
    assert.equal(asked.calls.count, 3);
  });

  it('of the call win over those of the client', async () => {
    const { calls, list } = clientOf([503, 200], fakeEnvironment(TIMEOUT_MS), RETRIES);
    await assert.rejects(list({}, { retries: { strategy: 'none' } }), InternalServerError);
    assert.equal(calls.count, 1);
  });

  it('wait as long as `Retry-After` says in seconds, and some more', async () => {
    const environment = fakeEnvironment(TIMEOUT_MS, { random: 0.5 });
    await clientOf([{ 'retry-after': '7' }, 200], environment, RETRIES).list();
    assert.deepEqual(environment.waits, [7_050]);
  });

  it('wait until the date that `Retry-After` names', async () => {
    const environment = fakeEnvironment(TIMEOUT_MS, { random: 0 });
    await clientOf([{ 'retry-after': 'Thu, 01 Jan 2026 00:00:03 GMT' }, 200], environment, RETRIES).list();
    assert.deepEqual(environment.waits, [3_000]);
  });

  it('go by the backoff when `Retry-After` is neither', async () => {
    for (const value of ['soon', '-1', '1e3', 'tomorrow 5', '']) {
      const environment = fakeEnvironment(TIMEOUT_MS);
      await clientOf([{ 'retry-after': value }, 200], environment, RETRIES).list();
      assert.deepEqual(environment.waits, [100], value);
    }
  });

  it('are given up at once when `Retry-After` asks for more than the maximum elapsed time', async () => {
    const environment = fakeEnvironment(TIMEOUT_MS);
    const { calls, list } = clientOf([{ 'retry-after': '11' }, 200], environment, RETRIES);
    await assert.rejects(list(), InternalServerError);
    assert.deepEqual([calls.count, environment.waits], [1, []]);
  });

  it('stop when the caller aborts while one is waited for', async () => {
    const abort = new AbortController();
    const environment = fakeEnvironment(TIMEOUT_MS, { onWait: () => queueMicrotask(() => abort.abort('enough')) });
    const { calls, list } = clientOf([503, 200], environment, RETRIES);
    await assert.rejects(list({}, { signal: abort.signal }), (error) => {
      assert.ok(error instanceof RequestAbortedError);
      assert.equal(error.cause, 'enough');
      return true;
    });
    assert.equal(calls.count, 1);
  });

  it('are refused with numbers that are none', async () => {
    for (const backoff of [
      { exponent: Number.NaN },
      { maxInterval: -1 },
      { initialInterval: '5' as unknown as number },
    ]) {
      const { calls, list } = clientOf([200], fakeEnvironment(TIMEOUT_MS));
      await assert.rejects(list({}, { retries: { strategy: 'backoff', backoff } }), InvalidRequestError);
      assert.equal(calls.count, 0);
    }
  });
});
