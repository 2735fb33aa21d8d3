import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { eventPayload } from '../../../test/support/event-payload.ts';
import { fakeHttpClient } from '../../../test/support/fake-http-client.ts';
import { type FailedCheck, type VerifyOptions, verifyWebhook, WebhookVerificationError } from './verify.ts';
import { webhook } from './webhook.ts';

const SECRET = `whsec_${'0f'.repeat(32)}`;
const BODY = '{"name":"Zoë 🚀"}';
const NOW_MS = Date.parse('2026-01-02T03:04:05Z');
const sign = (secret: string, body: string): string => createHmac('sha256', secret).update(body).digest('hex');
const HEADERS = {
  'x-outpost-signature': `v0=${sign(SECRET, BODY)}`,
  'x-outpost-timestamp': '2026-01-02T03:04:05Z',
  'x-outpost-event-id': 'evt_1',
  'x-outpost-topic': 'user.created',
};

function verify(more: Partial<VerifyOptions> | Record<string, unknown> = {}): ReturnType<typeof verifyWebhook> {
  const options = { secret: SECRET, headers: HEADERS, rawBody: BODY, now: () => NOW_MS, ...more };
  return verifyWebhook(options as VerifyOptions);
}

function fails(check: FailedCheck, more: Partial<VerifyOptions> | Record<string, unknown>): void {
  assert.throws(
    () => verify(more),
    (error) => error instanceof WebhookVerificationError && error.check === check,
    JSON.stringify(more),
  );
}

const signed = (signature: string) => ({ headers: { ...HEADERS, 'x-outpost-signature': signature } });
const sentAt = (timestamp: unknown) => ({
  headers: { ...HEADERS, 'x-outpost-timestamp': timestamp },
  maxAgeSeconds: 300,
});

describe('verifyWebhook (field case 3)', () => {
  it('accepts a request and tells what it is about', () => {
    assert.deepEqual(verify(), { eventId: 'evt_1', topic: 'user.created', timestamp: '2026-01-02T03:04:05Z' });
  });

  it('accepts headers as Headers, in any case and as lists', () => {
    const pairs = Object.entries(HEADERS);
    const upper = Object.fromEntries(pairs.map(([name, value]) => [name.toUpperCase(), value]));
    const lists = Object.fromEntries(pairs.map(([name, value]) => [name, [value]]));
    for (const headers of [new Headers(HEADERS), upper, lists]) {
      assert.equal(verify({ headers, maxAgeSeconds: 1 }).eventId, 'evt_1');
    }
  });

  it('accepts the body as bytes or text', () => {
    for (const rawBody of [Buffer.from(BODY), new TextEncoder().encode(BODY), BODY]) verify({ rawBody });
  });

  it('accepts any of several signatures and secrets', () => {
    const fitting = sign(SECRET, BODY);
    verify(signed(`v0=${'0'.repeat(64)},${fitting}`));
    verify(signed(`v0=${'0'.repeat(64)}, v0=${fitting}`));
    verify({ secret: ['other', SECRET] });
  });

  it('accepts what a destination sends, also while its secret is rotated', async () => {
    const http = fakeHttpClient();
    const options = { userAgent: 'Outpost/1', headerPrefix: 'x-acme-', maxResponseBodyBytes: 1 };
    const credentials = { secret: 'new', previous_secret: SECRET, previous_secret_invalid_at: '2099-01-01T00:00:00Z' };
    const settings = { config: { url: 'https://example.test' }, credentials, deliveryMetadata: null };
    const event = eventPayload({ data: BODY });
    await webhook(options)
      .open(settings, { http, now: () => NOW_MS })
      .send(event, new AbortController().signal);
    const headers = Object.fromEntries(http.requests[0]?.headers ?? []);
    for (const secret of ['new', SECRET]) {
      assert.equal(verify({ secret, headers, headerPrefix: 'X-Acme-', maxAgeSeconds: 5 }).eventId, 'evt_123');
    }
  });

  it('refuses another body, secret or signature', () => {
    fails('signature', { rawBody: `${BODY} ` });
    fails('signature', { rawBody: '' });
    fails('signature', { secret: 'other' });
    fails('signature', { secret: 'whsec_!!!!' });
    fails('signature', signed(`v0=${'0'.repeat(64)}`));
  });

  it('refuses secrets that can not be right', () => {
    for (const secret of [
      '',
      [],
      [''],
      ['', SECRET],
      'whsec_',
      `${SECRET}\n`,
      ` ${SECRET}`,
      `v1,${SECRET}`,
      undefined,
      null,
      5,
    ]) {
      fails('secret', { secret });
    }
  });

  it('refuses a signature header that is missing, empty or cut off', () => {
    fails('signature_missing', { headers: {} });
    fails('signature_missing', { headers: new Headers() });
    fails('signature_missing', signed(''));
    for (const text of [
      'v0=',
      'v1,',
      `v1,${sign(SECRET, BODY)}`,
      sign(SECRET, BODY),
      HEADERS['x-outpost-signature'].slice(0, -1),
    ]) {
      fails('signature_format', signed(text));
    }
  });

  it('refuses a parsed body and says that the raw one is needed', () => {
    for (const rawBody of [{ name: 'Zoë' }, null, undefined, 5]) fails('body', { rawBody });
    assert.throws(() => verify({ rawBody: {} }), /raw body/);
  });

  it('looks at the timestamp only when asked to', () => {
    const { 'x-outpost-timestamp': _left, ...without } = HEADERS;
    verify({ headers: without });
    fails('age', { headers: without, maxAgeSeconds: 300 });
  });

  it('refuses timestamps that are no time, or too far away on either side', () => {
    for (const text of ['abc', '', '1e99', '1767323045', '2026-01-02', '2026-13-02T03:04:05Z', ['a', 'b']]) {
      fails('age', sentAt(text));
    }
    fails('age', sentAt('2026-01-02T03:14:05Z'));
    fails('age', sentAt('2026-01-02T02:54:05Z'));
    verify(sentAt('2026-01-02T03:09:05Z'));
    verify(sentAt('2026-01-02T02:59:05Z'));
  });

  it('refuses an age limit that would let everything pass', () => {
    for (const maxAgeSeconds of [Number.NaN, 0, -1, Number.POSITIVE_INFINITY, '300']) {
      fails('options', { maxAgeSeconds });
    }
  });
});
