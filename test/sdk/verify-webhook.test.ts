/** The receivers' check: fixed vectors, the server's own check as a second opinion, and every way to fail. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { verifyWebhook, type VerifyWebhookOptions, WebhookVerificationError } from '../../sdk/src/outpost-sdk.ts';
import * as independent from '../../src/destinations/webhook/verify.ts';

interface Vector {
  readonly id: string;
  readonly secrets: readonly string[];
  readonly body: string;
  readonly header: string;
}

const VECTORS = JSON.parse(
  readFileSync(new URL('../fixtures/vectors/webhook-signatures.json', import.meta.url), 'utf8'),
) as readonly Vector[];
const USABLE = VECTORS.filter(({ secrets }) => secrets.every((secret) => secret !== ''));
const BODY = '{"name":"Zoë 🚀"}';
const SECRET = 'whsec_a';
const sign = (secret: string, body = BODY): string => createHmac('sha256', secret).update(body).digest('hex');
const SIGNED = { 'x-outpost-signature': `v0=${sign(SECRET)}` };

async function failedCheck(...call: Parameters<typeof verifyWebhook>): Promise<string> {
  const error = await verifyWebhook(...call).then(
    () => assert.fail('it was verified'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof WebhookVerificationError, String(error));
  return error.check;
}

describe('the check of a webhook', () => {
  it('accepts what the server signs', async () => {
    assert.ok(USABLE.length >= 5, 'there are vectors');
    for (const { secrets, body, header } of USABLE) {
      const headers = { 'x-outpost-signature': header };
      for (const secret of secrets) await verifyWebhook(body, headers, secret);
      await verifyWebhook(new TextEncoder().encode(body), headers, secrets);
      assert.equal(await failedCheck(`${body} `, headers, secrets), 'signature');
      assert.equal(await failedCheck(body, headers, `${secrets[0]}x`), 'signature');
    }
  });

  it('accepts any of several secrets and any of several signatures', async () => {
    const headers = { 'X-Outpost-Signature': `v0=${sign('new')},${sign('old')}` };
    for (const secrets of ['new', 'old', ['other', 'old'], ['new', 'other']])
      await verifyWebhook(BODY, headers, secrets);
    assert.equal(await failedCheck(BODY, headers, ['other', 'another']), 'signature');
  });

  it('says which event it was, from headers of any kind', async () => {
    const plain = { ...SIGNED, 'X-Outpost-Event-Id': 'evt_1', 'x-outpost-topic': 'a', 'x-outpost-timestamp': 't' };
    const expected = { eventId: 'evt_1', topic: 'a', timestamp: 't' };
    assert.deepEqual(await verifyWebhook(BODY, plain, SECRET), expected);
    assert.deepEqual(await verifyWebhook(BODY, new Headers(plain), SECRET), expected);
    assert.deepEqual(await verifyWebhook(BODY, SIGNED, SECRET), { eventId: null, topic: null, timestamp: null });
    const own = { 'acme-signature': SIGNED['x-outpost-signature'] };
    await verifyWebhook(BODY, own, SECRET, { headerPrefix: 'Acme-' });
  });

  it('names the check that failed', async () => {
    const signature = (value: string) => ({ 'x-outpost-signature': value });
    assert.equal(await failedCheck(BODY, {}, SECRET), 'signature_missing');
    assert.equal(await failedCheck(BODY, signature(' '), SECRET), 'signature_missing');
    for (const value of [
      'v1=ab',
      'v0=ab',
      sign(SECRET),
      `t=1,v0=${sign(SECRET)}`,
      `v0=${sign(SECRET).toUpperCase()}`,
    ]) {
      assert.equal(await failedCheck(BODY, signature(value), SECRET), 'signature_format', value);
    }
    assert.equal(await failedCheck(BODY, signature(`v0=${'0'.repeat(64)}`), SECRET), 'signature');
    assert.equal(await failedCheck({ parsed: true } as never, SIGNED, SECRET), 'body');
    for (const secrets of ['', [], ['a', ''], 'whsec_', ' a', 'a\n', 'v1,whsec_a', undefined as never]) {
      assert.equal(await failedCheck(BODY, SIGNED, secrets), 'secret', String(secrets));
    }
  });

  it('refuses a request that is too old, if asked to', async () => {
    const now = () => Date.parse('2026-01-02T03:04:05Z');
    const at = (time: string) => ({ ...SIGNED, 'x-outpost-timestamp': time });
    const options: VerifyWebhookOptions = { maxAgeSeconds: 60, now };
    await verifyWebhook(BODY, at('2026-01-02T03:03:05Z'), SECRET, options);
    await verifyWebhook(BODY, at('2026-01-02T03:05:05.000Z'), SECRET, options);
    for (const time of ['2026-01-02T03:03:04.999Z', '2026-01-02T03:05:06Z', 'today', '']) {
      assert.equal(await failedCheck(BODY, at(time), SECRET, options), 'age', time);
    }
    assert.equal(await failedCheck(BODY, SIGNED, SECRET, options), 'age');
    for (const maxAgeSeconds of [0, -1, Number.NaN, Infinity]) {
      assert.equal(await failedCheck(BODY, at(''), SECRET, { maxAgeSeconds }), 'options');
    }
  });

  it('agrees with the check that receivers may copy', async () => {
    const headers = [
      SIGNED['x-outpost-signature'],
      `v0=${sign('other')},${sign(SECRET)}`,
      `v0=${sign('other')}`,
      `v0=${sign('other')},v0=${sign(SECRET)}`,
      `v0=x,${sign(SECRET)}`,
      Array.from({ length: 17 }, (_, index) => (index < 16 ? `v0=${sign('other')}` : sign(SECRET))).join(','),
      'v0=',
      '',
    ];
    for (const header of headers) {
      const given = { 'x-outpost-signature': header };
      const ours = await verifyWebhook(BODY, given, SECRET).then(
        () => 'fine',
        (error: WebhookVerificationError) => error.check,
      );
      let theirs = 'fine';
      try {
        independent.verifyWebhook({ rawBody: BODY, headers: given, secret: SECRET });
      } catch (error) {
        theirs = (error as WebhookVerificationError).check;
      }
      assert.equal(ours, theirs, header);
    }
  });
});
