import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { providerConformance } from '../../../test/conformance/provider.ts';
import { eventPayload } from '../../../test/support/event-payload.ts';
import { fakeHttpClient, headersOf, httpAnswer } from '../../../test/support/fake-http-client.ts';
import type { StringMap } from '../../domain/json.ts';
import type { HttpResult } from '../../ports/http-client.ts';
import type { OpenSettings, Prepared } from '../../ports/provider.ts';
import { hookdeck } from './hookdeck.ts';

const NOW_MS = Date.parse('2025-01-15T10:30:45.987Z');
const TOKEN = 'c3JjX0djeEdoeXB3bkJJWDpyYW5kb21fc3RyaW5n';
const OTHER_TOKEN = 'MTIzOnRlc3Qtc291cmNlOnNpZ25pbmcta2V5';
const VERIFIED = httpAnswer({ body: '{"name":"my-source","url":"https://hkdk.events/x","disabled_at":null}' });
const provider = hookdeck({
  apiUrl: 'https://api.example.test/2025-01-01',
  eventsUrl: 'https://events.example.test',
  maxResponseBodyBytes: 131_072,
});

function settings(token: string, config: StringMap = {}): OpenSettings {
  return { config, credentials: { token }, deliveryMetadata: null };
}

async function prepare(next: OpenSettings, current: OpenSettings | null = null, answer: HttpResult = VERIFIED) {
  const http = fakeHttpClient(answer);
  const request = { settings: next, current, requested: null, role: 'tenant' as const, nowMs: NOW_MS, http };
  const prepared = await provider.prepare({ ...request, randomBytes: (size) => new Uint8Array(size) });
  return { prepared, requests: http.requests };
}

const refused = (rule: string): Prepared => ({ ok: false, problems: [{ field: 'credentials.token', rule }] });

const broken = (token: string, rule: string) => ({
  settings: settings(token),
  problems: [{ field: 'credentials.token', rule }],
});

providerConformance({
  provider,
  settings: settings(TOKEN, { note: 'kept' }),
  broken: [
    broken('', 'required'),
    // Not base64, no padding, the alphabet of URLs, no colon, nothing before it, a path before it.
    ...['!!!', 'c3JjXzE6eA', 'c3JjXzE6-_8=', 'bm9jb2xvbg==', 'Ong=', 'Li4vLi46eA==', `${TOKEN}\n`].map((token) =>
      broken(token, 'invalid_token_format'),
    ),
  ],
  accepted: httpAnswer({ status: 200, body: '{"request_id":"r"}', headers: { 'x-request-id': 'r' } }),
  verified: VERIFIED,
  secretsOf: ({ credentials }) => [credentials['token'] ?? '', 'random_string'],
});

describe('the token of a Hookdeck destination', () => {
  it('is verified with Hookdeck, and brings the name and id of its source', async () => {
    const { prepared, requests } = await prepare(settings(TOKEN, { note: 'kept', source_name: 'forged' }));
    assert.deepEqual(prepared, {
      ok: true,
      settings: settings(TOKEN, { note: 'kept', source_name: 'my-source', source_id: 'src_GcxGhypwnBIX' }),
    });
    const [request] = requests;
    assert.equal(requests.length, 1);
    assert.equal(request?.method, 'GET');
    assert.equal(request.url, 'https://api.example.test/2025-01-01/sources/src_GcxGhypwnBIX/managed/verify');
    assert.deepEqual(headersOf(request), { 'x-hookdeck-source-token': TOKEN });
    assert.equal(request.body.length, 0);
  });

  it('is verified again when it changes, and only then', async () => {
    const { prepared } = await prepare(settings(TOKEN));
    assert.ok(prepared.ok === true);
    const current = prepared.settings;
    const same = await prepare({ ...current, config: { source_name: 'forged' } }, current);
    assert.equal(same.requests.length, 0);
    assert.deepEqual(same.prepared, prepared);
    const changed = await prepare({ ...current, credentials: { token: OTHER_TOKEN } }, current);
    assert.equal(changed.requests.length, 1);
    assert.ok(changed.prepared.ok === true);
    assert.equal(changed.prepared.settings.config['source_id'], '123');
  });

  it('is refused when Hookdeck does not know it or can not be asked', async () => {
    const answers: HttpResult[] = [
      httpAnswer({ status: 401, body: '{"name":"n"}' }),
      httpAnswer({ status: 201, body: '{"name":"n"}' }),
      httpAnswer({ status: 302, body: '{"name":"n"}' }),
      ...[
        '',
        'no',
        'null',
        '[]',
        '"n"',
        '{}',
        '{"name":1}',
        '{"name":""}',
        '{"name":"\\ud800"}',
        '{"name":"\\u0000"}',
      ].map((body) => httpAnswer({ body })),
      httpAnswer({ body: '{"name":"n"}', tooLong: true }),
      { ok: false, code: 'blocked_address', detail: 'not allowed', aborted: false },
    ];
    for (const answer of answers) {
      const { prepared } = await prepare(settings(TOKEN), null, answer);
      assert.deepEqual(prepared, refused('token_verification_failed'), JSON.stringify(answer));
    }
  });

  it('can not be taken away', async () => {
    const { prepared } = await prepare({ ...settings(TOKEN), credentials: {} }, settings(TOKEN));
    assert.deepEqual(prepared, refused('token_required'));
  });

  it('tells people where events go', () => {
    const named = { source_name: 'my-source', source_id: 'src_1' };
    const cases = [
      [named, TOKEN, 'my-source', 'https://dashboard.hookdeck.com/sources/src_1'],
      [{}, OTHER_TOKEN, 'Hookdeck source ID: 123', 'https://dashboard.hookdeck.com/sources/123'],
      [{}, '', 'Hookdeck (no token)', null],
      [{}, 'x', 'Hookdeck (invalid token)', null],
    ] as const;
    for (const [config, token, target, url] of cases) {
      assert.equal(provider.target(config, { token }, ['*']), target);
      assert.equal(provider.targetUrl?.(config, { token }), url);
    }
  });
});

describe('what Hookdeck is sent', () => {
  async function post(opened: OpenSettings, event = eventPayload(), answer = httpAnswer()) {
    const http = fakeHttpClient(answer);
    const outcome = await provider.open(opened, { http, now: () => NOW_MS }).send(event, new AbortController().signal);
    const [request] = http.requests;
    assert.ok(request !== undefined && http.requests.length === 1);
    return { request, headers: headersOf(request), outcome };
  }

  const VECTORS = [
    {
      id: 'H1',
      token: TOKEN,
      data: '{"user_id":"usr_123","email":"user@example.com"}',
      path: '/src_GcxGhypwnBIX',
      signature: 'v0=Gl56qOhX3jioWpDn6mf1HC6n/ObcK9k98lhnWMu3Nmw=',
    },
    {
      id: 'H2',
      token: OTHER_TOKEN,
      data: '{"z":1,"a":2,"m":3}',
      path: '/123',
      signature: 'v0=CudHs/vYdjgfHyBwCyptQauCwX/aYo8x8rU4oRGngt4=',
    },
  ];
  for (const { id, token, data, path, signature } of VECTORS) {
    it(`fits vector ${id}`, async () => {
      const { request, headers } = await post(settings(token), eventPayload({ data }));
      assert.equal(request.method, 'POST');
      assert.equal(request.url, `https://events.example.test${path}`);
      assert.equal(Buffer.from(request.body).toString(), data);
      assert.equal(headers['x-hookdeck-signature'], signature);
    });
  }

  it('carries metadata with the fixed prefix, the event over the destination', async () => {
    const opened = { ...settings(TOKEN), deliveryMetadata: { app: 'a', both: 'destination' } };
    const metadata = { both: 'event', 'bad name': 'x' };
    const { headers } = await post(opened, eventPayload({ metadata }));
    assert.deepEqual(headers, {
      'content-type': 'application/json',
      'x-outpost-topic': 'user.created',
      'x-outpost-app': 'a',
      'x-outpost-both': 'event',
      'x-outpost-event-id': 'evt_123',
      'x-outpost-timestamp': '2025-01-15T10:30:45Z',
      'x-hookdeck-signature': headers['x-hookdeck-signature'],
    });
  });

  it('lets metadata set neither the id, nor the time, nor the signature', async () => {
    const metadata = { 'event-id': 'forged', Timestamp: 'forged' };
    const { headers } = await post(settings(TOKEN), eventPayload({ metadata }));
    assert.equal(headers['x-outpost-event-id'], 'evt_123');
    assert.equal(headers['x-outpost-timestamp'], '2025-01-15T10:30:45Z');
  });

  it('is kept with status, body and headers, spelled as the original spells them', async () => {
    const headers = { 'content-type': 'text/plain', 'set-cookie': ['a', 'b'] };
    const { outcome } = await post(settings(TOKEN), eventPayload(), httpAnswer({ headers, body: 'accepted' }));
    assert.deepEqual(outcome, {
      ok: true,
      code: '200',
      response: {
        status_code: 200,
        body: 'accepted',
        headers: { 'Content-Type': 'text/plain', 'Set-Cookie': ['a', 'b'] },
      },
    });
  });

  it('is tried again after 4xx and 5xx, later if Hookdeck says so', async () => {
    for (const status of [400, 401, 404, 429, 500, 503]) {
      const answer = httpAnswer({ status, headers: { 'retry-after': '20' } });
      const { outcome } = await post(settings(TOKEN), eventPayload(), answer);
      assert.ok(!outcome.ok && !outcome.permanent, String(status));
      assert.equal(outcome.code, String(status));
      assert.equal(outcome.retryAfterMs, status === 429 || status === 503 ? 20_000 : null);
    }
  });
});
