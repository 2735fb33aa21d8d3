/**
 * What every destination type promises, whatever it sends to. A type's own test adds what is its own: headers, bodies,
 * codes. The second half is for types that speak HTTP through ports/http-client.ts; others call the first by itself.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maskSettings } from '../../src/destinations/masking.ts';
import { fieldCheck } from '../../src/destinations/validation.ts';
import { TRANSPORT_CODES } from '../../src/domain/attempt.ts';
import type { StringMap } from '../../src/domain/json.ts';
import type { HttpResult } from '../../src/ports/http-client.ts';
import type { OpenSettings, Prepared, Problem, Provider, Sender } from '../../src/ports/provider.ts';
import { eventPayload } from '../support/event-payload.ts';
import { type FakeHttpClient, fakeHttpClient, httpAnswer } from '../support/fake-http-client.ts';

export interface SettingsHarness {
  readonly provider: Provider;
  /** Settings that an operator may create a destination with, as requested. */
  readonly settings: OpenSettings;
  /** Settings that are refused, each with the problems that are named. */
  readonly broken: readonly { readonly settings: OpenSettings; readonly problems: readonly Problem[] }[];
  /** What a type is answered that asks its service about a credential. */
  readonly verified?: HttpResult;
  /** Texts of `settings` and of what `prepare` makes of them that no outcome and no target may hold. */
  secretsOf(settings: OpenSettings): readonly string[];
}

export interface ProviderHarness extends SettingsHarness {
  /** An answer that is a success. */
  readonly accepted: HttpResult;
}

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** What holds for the settings of every type. */
export function providerSettingsConformance(harness: SettingsHarness): void {
  const { provider } = harness;
  const check = fieldCheck(provider.fields);

  describe(`provider ${provider.type}: settings`, () => {
    it('declares what clients build a form from', () => {
      assert.match(provider.type, /^[a-z][a-z0-9_]*$/);
      for (const text of [provider.label, provider.description, provider.instructions]) assert.notEqual(text, '');
      assert.match(provider.icon, /^<svg [\s\S]*<\/svg>$/);
      for (const fields of [provider.fields.config, provider.fields.credentials]) {
        assert.equal(new Set(fields.map((field) => field.key)).size, fields.length, 'a key is declared twice');
        for (const field of fields) {
          assert.ok(field.label !== '' && field.description !== '', `${field.key} lacks its words`);
          assert.equal(field.type === 'select', field.options !== undefined, `${field.key}: options are for selects`);
        }
      }
    });

    it('accepts good settings and does not write into them', async () => {
      const before = structuredClone(harness.settings);
      assert.deepEqual(check(harness.settings), []);
      await readySettings(harness);
      assert.deepEqual(harness.settings, before);
    });

    it('refuses broken settings and names the field and the rule', async () => {
      for (const { settings, problems } of harness.broken) {
        const declared = check(settings);
        const prepared =
          declared.length > 0 ? { ok: false as const, problems: declared } : await prepare(harness, settings, null);
        assert.ok(!prepared.ok, `accepted: ${JSON.stringify(problems)}`);
        assert.deepEqual(prepared.problems, problems);
      }
    });

    it('keeps its settings when a change leaves them alone', async () => {
      const first = await readySettings(harness);
      assert.deepEqual(await prepare(harness, first, first), { ok: true, settings: first });
    });

    it('shows sensitive settings only masked, and none in the target', async () => {
      const settings = await readySettings(harness);
      const shown = maskSettings(provider, settings, NOW_MS);
      const target = provider.target(settings.config, settings.credentials, ['*']);
      for (const secret of sensitiveValues(provider, settings)) {
        assert.ok(!Object.values({ ...shown.config, ...shown.credentials }).includes(secret), 'shown in clear');
      }
      for (const secret of harness.secretsOf(settings)) assert.ok(!target.includes(secret), 'in the target');
      const again = provider.target(shown.config, shown.credentials, ['*']);
      assert.equal(again, target, 'the target depends on masked parts');
    });
  });
}

/** The same, and what holds for sending by HTTP. */
export function providerConformance(harness: ProviderHarness): void {
  providerSettingsConformance(harness);
  const { provider } = harness;
  const opened = async (answer: HttpResult): Promise<{ sender: Sender; http: FakeHttpClient }> => {
    const http = fakeHttpClient(answer);
    return { http, sender: provider.open(await readySettings(harness), { http, now: () => NOW_MS }) };
  };
  const send = (sender: Sender): ReturnType<Sender['send']> =>
    sender.send(eventPayload(), new AbortController().signal);

  describe(`provider ${provider.type}: sender`, () => {
    it('reports an accepted event as delivered', async () => {
      const { sender, http } = await opened(harness.accepted);
      const outcome = await send(sender);
      assert.equal(outcome.ok, true);
      assert.equal(http.requests.length, 1);
    });

    it('turns every failure of the way into an outcome with its code', async () => {
      for (const code of TRANSPORT_CODES) {
        const { sender } = await opened({
          ok: false,
          code,
          detail: 'could not reach https://example.test',
          aborted: false,
        });
        assert.deepEqual(await send(sender), {
          ok: false,
          code,
          response: { error: 'could not reach https://example.test' },
          retryAfterMs: null,
          permanent: false,
        });
      }
    });

    it('turns every refusal into an outcome, whatever the answer holds', async () => {
      const bodies = ['', 'no', '{"error":{}}', 'null', '[]', Uint8Array.of(0xff, 0x00, 0xc3)];
      for (const status of [301, 400, 401, 404, 429, 500, 503]) {
        for (const body of bodies) {
          const outcome = await send(
            (await opened(httpAnswer({ status, body, headers: { 'retry-after': 'soon' } }))).sender,
          );
          assert.equal(outcome.ok, false, `${status} is a success`);
          assert.equal(outcome.ok ? null : outcome.retryAfterMs, null);
        }
      }
    });

    it('keeps JSON of an answer, and never a secret of the destination', async () => {
      const settings = await readySettings(harness);
      for (const answer of [harness.accepted, httpAnswer({ status: 500 }), httpAnswer({ tooLong: true, body: '' })]) {
        const { response } = await send(provider.open(settings, { http: fakeHttpClient(answer), now: () => NOW_MS }));
        const text = JSON.stringify(response);
        assert.deepEqual(JSON.parse(text), response);
        for (const secret of harness.secretsOf(settings))
          assert.ok(!text.includes(secret), 'a secret is in the outcome');
      }
    });

    it('gives the request the signal that it was given', async () => {
      const { sender, http } = await opened(harness.accepted);
      const { signal } = new AbortController();
      await sender.send(eventPayload(), signal);
      assert.equal(http.requests[0]?.signal, signal);
    });

    it('sends many events at a time, closes while they are under way, and closes twice', async () => {
      const { sender, http } = await opened(harness.accepted);
      const sent = Array.from({ length: 20 }, () => send(sender));
      await Promise.all([sender.close(), sender.close()]);
      assert.ok((await Promise.all(sent)).every((outcome) => outcome.ok));
      assert.equal(http.requests.length, 20);
    });
  });
}

async function readySettings(harness: SettingsHarness): Promise<OpenSettings> {
  const prepared = await prepare(harness, harness.settings, null);
  assert.ok(prepared.ok === true, 'the settings of the suite are refused');
  return prepared.settings;
}

async function prepare(
  { provider, verified }: SettingsHarness,
  settings: OpenSettings,
  current: OpenSettings | null,
): Promise<Prepared> {
  let seed = 0;
  return provider.prepare({
    settings,
    current,
    requested: current === null ? settings.credentials : null,
    role: 'admin',
    nowMs: NOW_MS,
    randomBytes: (size) => new Uint8Array(size).fill((seed += 1)),
    http: fakeHttpClient(verified),
  });
}

function sensitiveValues(provider: Provider, settings: OpenSettings): readonly string[] {
  const values = (fields: Provider['fields']['config'], map: StringMap): string[] =>
    fields.filter((field) => field.sensitive === true).flatMap((field) => map[field.key] || []);
  return [
    ...values(provider.fields.config, settings.config),
    ...values(provider.fields.credentials, settings.credentials),
  ];
}
