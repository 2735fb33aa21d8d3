import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { providerConformance } from '../../../test/conformance/provider.ts';
import { eventPayload } from '../../../test/support/event-payload.ts';
import { fakeHttpClient, headersOf, httpAnswer } from '../../../test/support/fake-http-client.ts';
import type { AttemptOutcome } from '../../domain/attempt.ts';
import type { EventPayload } from '../../domain/event.ts';
import type { StringMap } from '../../domain/json.ts';
import type { HttpRequest, HttpResult } from '../../ports/http-client.ts';
import type { OpenSettings } from '../../ports/provider.ts';
import { webhook, type WebhookOptions } from './webhook.ts';

const NOW_MS = Date.parse('2025-01-15T10:30:45.987Z');
const OPTIONS: WebhookOptions = {
  userAgent: 'Outpost/1.2.3',
  headerPrefix: 'x-outpost-',
  maxResponseBodyBytes: 131_072,
};
const provider = webhook(OPTIONS);
const URL_ = 'https://example.test/hook';

function settings(
  more: Partial<{ config: StringMap; credentials: StringMap; deliveryMetadata: StringMap }> = {},
): OpenSettings {
  return {
    config: { url: URL_, ...more.config },
    credentials: { secret: 'test-secret', ...more.credentials },
    deliveryMetadata: more.deliveryMetadata ?? null,
  };
}

async function post(
  opened: OpenSettings,
  event: EventPayload = eventPayload(),
  more: { options?: Partial<WebhookOptions>; answer?: HttpResult; nowMs?: number } = {},
): Promise<{ request: HttpRequest; headers: Record<string, string>; outcome: AttemptOutcome }> {
  const http = fakeHttpClient(more.answer);
  const sender = webhook({ ...OPTIONS, ...more.options }).open(opened, { http, now: () => more.nowMs ?? NOW_MS });
  const outcome = await sender.send(event, new AbortController().signal);
  const [request] = http.requests;
  assert.ok(request !== undefined && http.requests.length === 1);
  return { request, headers: headersOf(request), outcome };
}

const broken = (config: StringMap, field: string, rule: string) => ({
  settings: { config: { url: URL_, ...config }, credentials: {}, deliveryMetadata: null },
  problems: [{ field, rule }],
});

providerConformance({
  provider,
  settings: {
    config: { url: 'https://user:pass-word@example.test/hook?x=%2F', custom_headers: '{"X-Team":"core"}' },
    credentials: {
      secret: 'whsec_one',
      previous_secret: 'whsec_zero',
      previous_secret_invalid_at: '2099-01-01T00:00:00Z',
    },
    deliveryMetadata: { 'app-id': 'my-app' },
  },
  broken: [
    broken({ url: '' }, 'config.url', 'required'),
    ...['http://', 'https://a b', 'HTTP://X', 'ftp://x', 'not-a-url'].map((url) =>
      broken({ url }, 'config.url', 'pattern'),
    ),
    ...['notjson', '[]', '{"a":1}', 'null'].map((custom_headers) =>
      broken({ custom_headers }, 'config.custom_headers', 'invalid'),
    ),
    ...['bad name', '-x', '_x', 'a.b', 'a:b'].map((name) =>
      broken({ custom_headers: JSON.stringify({ [name]: 'y' }) }, `config.custom_headers.${name}`, 'pattern'),
    ),
    ...['Host', 'Content-Type', 'content-length', 'CONNECTION', 'User-Agent', 'Transfer-Encoding', 'Expect'].map(
      (name) =>
        broken(
          { custom_headers: JSON.stringify({ [name]: 'y' }) },
          `config.custom_headers.${name.toLowerCase()}`,
          'forbidden',
        ),
    ),
    broken({ custom_headers: '{"X":""}' }, 'config.custom_headers.x', 'required'),
    broken({ custom_headers: '{"x":"a\\r\\nb: c"}' }, 'config.custom_headers.x', 'pattern'),
    broken({ custom_headers: '{"X-A":"1","x-a":"2"}' }, 'config.custom_headers.x-a', 'duplicate'),
    broken({ custom_headers: JSON.stringify({ x: 'y'.repeat(17_000) }) }, 'config.custom_headers', 'maxlength'),
    {
      settings: { config: { url: URL_ }, credentials: {}, deliveryMetadata: { Foo: '1', foo: '2' } },
      problems: [{ field: 'delivery_metadata.foo', rule: 'duplicate' }],
    },
  ],
  accepted: httpAnswer({ status: 204, body: '' }),
  secretsOf: ({ credentials }) => ['pass-word', credentials['secret'] ?? '', credentials['previous_secret'] ?? ''],
});

describe('webhook settings', () => {
  it('accepts the addresses that the contract names', async () => {
    for (const url of [
      'http://x',
      'http://localhost:3000',
      'http://receiver:8080/',
      'http://my_host:8080/',
      'http://[2001:db8::1]:8080/',
      'http://münchen.example/',
      'http://127.0.0.1:99999/x',
      'https://user:pw@host/p?q=1#f',
      `https://h/${'a'.repeat(4_000)}`,
    ]) {
      assert.deepEqual(
        (await prepare(settings({ config: { url } }))).map((problem) => problem.rule),
        [],
        url,
      );
    }
  });

  it('lists every header that is wrong', async () => {
    const problems = await prepare(settings({ config: { custom_headers: '{"Host":"a","b c":"d"}' } }));
    assert.deepEqual(problems, [
      { field: 'config.custom_headers.host', rule: 'forbidden' },
      { field: 'config.custom_headers.b c', rule: 'pattern' },
    ]);
  });

  it('does not let an old header that newer rules forbid stop other changes', async () => {
    const old = settings({ config: { custom_headers: '{"Expect":"x"}' } });
    const prepared = await provider.prepare(change(old, { ...old, config: { ...old.config, extra: 'e' } }));
    assert.ok(prepared.ok === true);
  });

  async function prepare(given: OpenSettings): Promise<readonly { field: string; rule: string }[]> {
    const prepared = await provider.prepare({ ...change(given, given), current: null });
    return prepared.ok ? [] : prepared.problems;
  }
});

describe('the password in a webhook URL (field cases 4 and 39)', () => {
  const stored = settings({ config: { url: 'https://us%40er:p%3Ass@example.test/a?b#c' } });
  const changeUrl = (url: string, from = stored) =>
    provider.prepare(change(from, { ...from, config: { ...from.config, url } }));

  it('is masked in replies and in the target, or the user where there is no password', () => {
    const shown = (url: string): string | undefined =>
      provider.mask?.(settings({ config: { url } }), NOW_MS).config['url'];
    const cases = [
      ['https://us%40er:p%3Ass@example.test/a?b#c', 'https://us%40er:****@example.test/a?b#c'],
      ['https://sk_live_1:@example.test', 'https://****:@example.test'],
      ['https://token@example.test/@x', 'https://****@example.test/@x'],
      ['https://a:b@c@example.test/', 'https://a:****@example.test/'],
      ['http:///u:p@example.test/', 'http:///u:****@example.test/'],
      ['https://example.test/u:p@x', 'https://example.test/u:p@x'],
      ['https://example.test?u:p@x', 'https://example.test?u:p@x'],
      ['https://@example.test', 'https://@example.test'],
    ] as const;
    for (const [url, masked] of cases) {
      assert.equal(shown(url), masked);
      assert.equal(provider.target({ url }, {}, ['*']), masked);
    }
  });

  it('is sent as Basic authorization, decoded, and not in the request line', async () => {
    const { request, headers } = await post(stored);
    assert.equal(request.url, 'https://example.test/a?b#c');
    assert.equal(headers['authorization'], `Basic ${Buffer.from('us@er:p:ss').toString('base64')}`);
  });

  it('gives way to a custom Authorization header', async () => {
    const own = settings({ config: { ...stored.config, custom_headers: '{"authorization":"Bearer z"}' } });
    assert.equal((await post(own)).headers['authorization'], 'Bearer z');
  });

  it('is taken as it is where it is not valid percent-encoding', async () => {
    const { headers } = await post(settings({ config: { url: 'https://u:100%@example.test/' } }));
    assert.equal(headers['authorization'], `Basic ${Buffer.from('u:100%').toString('base64')}`);
  });

  it('is put back when the masked URL comes back with another path', async () => {
    const prepared = await changeUrl('https://us%40er:****@example.test/other');
    assert.ok(prepared.ok === true);
    assert.equal(prepared.settings.config['url'], 'https://us%40er:p%3Ass@example.test/other');
  });

  it('never becomes the mask, and never goes to another host, user or scheme', async () => {
    for (const url of [
      'https://us%40er:****@evil.test/a',
      'https://other:****@example.test/a',
      'http://us%40er:****@example.test/a',
      'https://us%40er:****@example.test:444/a',
      'https://****@example.test/a',
    ]) {
      const prepared = await changeUrl(url);
      assert.deepEqual(prepared, { ok: false, problems: [{ field: 'config.url', rule: 'masked' }] }, url);
    }
  });

  it('can be replaced, also by one that contains stars', async () => {
    const prepared = await changeUrl('https://us%40er:a****b@example.test/');
    assert.ok(prepared.ok === true);
    assert.equal(prepared.settings.config['url'], 'https://us%40er:a****b@example.test/');
  });
});

describe('what a webhook sends', () => {
  it('is the data as it came, with the headers of the original', async () => {
    const data = '{ "z":1.0,\t"a":"<b>&é",\n"n":12345678901234567890,"d":1,"d":2}';
    const { request, headers } = await post(settings(), eventPayload({ data }));
    assert.equal(request.method, 'POST');
    assert.equal(request.url, URL_);
    assert.equal(Buffer.from(request.body).toString(), data);
    const { 'x-outpost-signature': signature, ...rest } = headers;
    const hmac = createHmac('sha256', 'test-secret').update(data).digest('hex');
    assert.equal(signature, `v0=${hmac}`, 'the signature is over the bytes that are sent');
    assert.deepEqual(rest, {
      'user-agent': 'Outpost/1.2.3',
      'content-type': 'application/json',
      'x-outpost-topic': 'user.created',
      'x-outpost-event-id': 'evt_123',
      'x-outpost-timestamp': '2025-01-15T10:30:45Z',
    });
  });

  it('reaches the address byte for byte (field case 9)', async () => {
    const url =
      'http://h:443/workflows/9d/triggers/When_x/paths/invoke?api-version=2016-10-01&sp=%2Ftriggers%2Fx%2Frun&sv=1.0&sig=a%2Bb%3D%3D&p=a+b%20c&e=';
    assert.equal((await post(settings({ config: { url } }))).request.url, url);
  });

  it('writes names as the original does', async () => {
    const { request } = await post(
      settings({ config: { custom_headers: '{"x-team":"core"}' } }),
      eventPayload({ metadata: { user_id: '7' } }),
    );
    assert.deepEqual(
      request.headers.map(([name]) => name),
      [
        'User-Agent',
        'Content-Type',
        'X-Team',
        'X-Outpost-Topic',
        'X-Outpost-User_id',
        'X-Outpost-Event-Id',
        'X-Outpost-Timestamp',
        'X-Outpost-Signature',
      ],
    );
  });

  it('carries metadata: the event before the destination before custom headers', async () => {
    const opened = settings({
      config: { custom_headers: '{"X-Outpost-Source":"custom","X-Team":"core"}' },
      deliveryMetadata: { source: 'dm', 'app-id': 'my-app', uni: 'é' },
    });
    const { headers } = await post(opened, eventPayload({ metadata: { Source: 'crm', user_id: '7', empty: '' } }));
    assert.equal(headers['x-outpost-source'], 'crm');
    assert.equal(headers['x-outpost-app-id'], 'my-app');
    assert.equal(headers['x-outpost-uni'], 'é');
    assert.equal(headers['x-outpost-user_id'], '7');
    assert.equal(headers['x-outpost-empty'], '');
    assert.equal(headers['x-team'], 'core');
    assert.equal((await post(opened)).headers['x-outpost-source'], 'dm');
  });

  it('carries nothing of one event to the next', async () => {
    const http = fakeHttpClient();
    const sender = provider.open(settings(), { http, now: () => NOW_MS });
    const { signal } = new AbortController();
    await sender.send(eventPayload({ metadata: { a: '1' } }), signal);
    await sender.send(eventPayload({ id: 'other' }), signal);
    const second = headersOf(http.requests[1]);
    assert.equal(second['x-outpost-a'], undefined);
    assert.equal(second['x-outpost-event-id'], 'other');
  });

  it('lets metadata name another topic, as the original does', async () => {
    const { headers } = await post(settings({ deliveryMetadata: { topic: 'dm-topic' } }));
    assert.equal(headers['x-outpost-topic'], 'dm-topic');
  });

  it('lets nobody else set the id, the time, the signature or content headers (field case 43)', async () => {
    const names = ['event-id', 'Event-ID', 'timestamp', 'signature', 'SIGNATURE'];
    const forged = Object.fromEntries(names.map((name) => [name, 'forged']));
    const custom = JSON.stringify(Object.fromEntries(names.slice(0, 4).map((name) => [`x-outpost-${name}`, 'forged'])));
    const opened = settings({ config: { custom_headers: custom }, deliveryMetadata: forged });
    const plain = await post(settings());
    const { headers } = await post(opened, eventPayload({ metadata: forged }));
    for (const name of ['event-id', 'timestamp', 'signature']) {
      assert.equal(headers[`x-outpost-${name}`], plain.headers[`x-outpost-${name}`]);
    }
    const bare = await post(
      settings(),
      eventPayload({ metadata: { 'content-type': 'x', 'Content-Length': '1', host: 'h', 'user-agent': 'u', ok: '1' } }),
      { options: { headerPrefix: '' } },
    );
    assert.equal(bare.headers['content-type'], 'application/json');
    assert.equal(bare.headers['user-agent'], 'Outpost/1.2.3');
    assert.equal(bare.headers['content-length'], undefined);
    assert.equal(bare.headers['host'], undefined);
    assert.equal(bare.headers['ok'], '1');
    assert.match(bare.headers['signature'] ?? '', /^v0=/);
  });

  it('leaves out what can not be a header rather than fail for ever', async () => {
    const metadata = { 'a b': '1', ü: '1', '': '1', 'a:b': '1', nul: 'a\0', line: 'a\r\nx: y', tab: 'a\tb', good: '1' };
    const { headers } = await post(settings(), eventPayload({ metadata, topic: 'a\nb' }));
    const names = Object.keys(headers).filter((name) => name.startsWith('x-outpost-'));
    assert.deepEqual(names.sort(), [
      'x-outpost-',
      'x-outpost-event-id',
      'x-outpost-good',
      'x-outpost-signature',
      'x-outpost-tab',
      'x-outpost-timestamp',
    ]);
  });

  it('refuses a prefix that can not begin a name', () => {
    assert.throws(() => webhook({ ...OPTIONS, headerPrefix: 'x outpost ' }), RangeError);
  });
});

describe('the webhook signature', () => {
  interface Vector {
    readonly id: string;
    readonly secrets: readonly string[];
    readonly body: string;
    readonly header: string;
  }
  const file = new URL('../../../test/fixtures/vectors/webhook-signatures.json', import.meta.url);
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[];

  for (const { id, secrets, body, header } of vectors) {
    it(`fits vector ${id}`, async () => {
      const [secret = '', previous] = secrets;
      const rotated =
        previous === undefined ? {} : { previous_secret: previous, previous_secret_invalid_at: '2099-01-01T00:00:00Z' };
      const { headers } = await post(settings({ credentials: { secret, ...rotated } }), eventPayload({ data: body }));
      assert.equal(headers['x-outpost-signature'], header);
    });
  }

  it('includes the previous secret until its end, which is looked at with each attempt (field case 11)', async () => {
    const end = '2025-01-15T10:30:45Z';
    const endMs = Date.parse(end);
    const opened = settings({ credentials: { previous_secret: 'old', previous_secret_invalid_at: end } });
    const sender = (nowMs: number) => post(opened, eventPayload(), { nowMs });
    const count = async (nowMs: number): Promise<number> =>
      ((await sender(nowMs)).headers['x-outpost-signature'] ?? '').split(',').length;
    assert.equal(await count(endMs), 2);
    assert.equal(await count(endMs + 1), 1);
  });
});

describe('what a webhook makes of an answer', () => {
  const outcomeOf = async (answer: HttpResult): Promise<AttemptOutcome> =>
    (await post(settings(), eventPayload(), { answer })).outcome;

  it('is a success for 2xx and for nothing else', async () => {
    for (const status of [200, 201, 204, 299]) {
      const outcome = await outcomeOf(httpAnswer({ status, body: 'yes' }));
      assert.deepEqual(outcome, { ok: true, code: String(status), response: { status, body: 'yes' } });
    }
    for (const status of [199, 300, 301, 302, 304, 307, 400, 401, 404, 408, 500, 503, 599]) {
      const outcome = await outcomeOf(httpAnswer({ status, body: 'no' }));
      const expected = { ok: false, code: String(status), response: { status, body: 'no' }, retryAfterMs: null };
      assert.deepEqual(outcome, { ...expected, permanent: false }, 'a status outside of 2xx is no success');
    }
  });

  it('is final for 410', async () => {
    const outcome = await outcomeOf(httpAnswer({ status: 410 }));
    assert.ok(!outcome.ok && outcome.permanent);
  });

  it('honours Retry-After on 429 and 503 only', async () => {
    const asked = async (status: number, value: string | string[]): Promise<number | null> => {
      const outcome = await outcomeOf(httpAnswer({ status, headers: { 'retry-after': value } }));
      assert.ok(!outcome.ok);
      return outcome.retryAfterMs;
    };
    assert.equal(await asked(429, '20'), 20_000);
    assert.equal(await asked(503, new Date(NOW_MS + 90_013).toUTCString()), 90_013);
    assert.equal(await asked(429, ['1', '2']), null);
    assert.equal(await asked(500, '20'), null);
    assert.equal(await asked(410, '20'), null);
  });

  it('keeps the body as text: not parsed, invalid UTF-8 replaced, NUL kept', async () => {
    const kept = async (body: string | Uint8Array) => (await outcomeOf(httpAnswer({ body }))).response?.['body'];
    assert.equal(await kept('{"b":1,"a":{"n":1.50}}'), '{"b":1,"a":{"n":1.50}}');
    assert.equal(await kept(Buffer.concat([Buffer.from('✓ '), Buffer.of(0xff), Buffer.from('.')])), '✓ \ufffd.');
    assert.equal(await kept('a\0b'), 'a\0b');
    assert.equal(await kept('\ufeffx'), '\ufeffx');
    // A view into a larger buffer shows its own part only.
    assert.equal(await kept(new TextEncoder().encode('other body').subarray(6)), 'body');
  });

  it('says that a longer body was not stored', async () => {
    const outcome = await outcomeOf(httpAnswer({ body: '', tooLong: true }));
    assert.deepEqual(outcome.response, {
      status: 200,
      body: 'Response body exceeded 131072 bytes and was not stored',
    });
  });
});

function change(current: OpenSettings, next: OpenSettings) {
  const request = { settings: next, current, requested: null, role: 'admin' as const, nowMs: NOW_MS };
  return { ...request, http: fakeHttpClient(), randomBytes: (size: number) => new Uint8Array(size) };
}
