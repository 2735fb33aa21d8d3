/**
 * Replays what reference servers of 0.x were asked, and compares: one test per group of exchanges, in the order of the
 * recording. Ours may have more members than were recorded, and some differ in form wherever they stand.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ServerUnderTest, serverUnderTest } from '../support/server.ts';
import { parseExact, writeExact } from './exact-value.ts';
import { type Exchange, readDeviations, readExchanges } from './recording.ts';
import { type Replay, replay } from './replay.ts';
import { type Sink, sink } from './sink.ts';
import { KNOWN_DIFFERENCES_V0 } from './v0-known-differences.ts';

const NO_PREFIXES = { IDGEN_DESTINATION_PREFIX: '', IDGEN_EVENT_PREFIX: '', IDGEN_ATTEMPT_PREFIX: '' };
const RETRIES = { RETRY_SCHEDULE: '', RETRY_INTERVAL_SECONDS: '1', MAX_RETRY_LIMIT: '2' };
const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  v04: { ...NO_PREFIXES, ...RETRIES },
  v07: { ...NO_PREFIXES, ...RETRIES },
  'v04-open': { ...NO_PREFIXES, API_KEY: '', AUTH_DISABLED: 'true', TOPICS: '' },
};
/** What we write differently wherever it stands; listing each exchange would take it out of the comparison. */
const OUR_FORMS: readonly (readonly [recorded: string, ours: string])[] = [
  // Secrets are generated as in v1.
  ['<hex64>', '<secret:hex>'],
  // Clients of 0.x refuse an event whose metadata are null.
  ['"metadata":null', '"metadata":{}'],
  // Data come back byte for byte; this event's was published as 1.0.
  ['"data":{"n":1}', '"data":{"n":1.0}'],
];

const STORES = ['memory', 'embedded'] as const;
const READS = /^\/api\/v1\/(.*\/)?events(\/|\?|$)/;
const known = new Set(KNOWN_DIFFERENCES_V0.keys());
const exchanges = readExchanges('recorded-v0.json').map(inOurForm);

for (const [store, profile] of STORES.flatMap((name) => Object.keys(SETTINGS).map((each) => [name, each] as const))) {
  describe(`recorded answers of 0.x, profile ${profile}, ${store} store`, () => {
    let server: ServerUnderTest;
    let receiver: Sink;
    let player: Replay;

    before(async () => {
      receiver = await sink();
      server = await serverUnderTest({ ...SETTINGS[profile], PROFILE: store });
      const variables = { admin: 'admin-key', sink: receiver.host, host: server.host };
      player = replay(server.host, variables, readDeviations(), known, { reads: READS, takesMore: true });
    });
    after(async () => {
      player.close();
      await server.close();
      await receiver.close();
      assert.deepEqual(server.errors, []);
    });

    const inProfile = exchanges.filter((exchange) => exchange.profile === profile);
    for (const [group, ofGroup] of Map.groupBy(inProfile, (exchange) => exchange.group)) {
      it(`are ours too: ${group}`, async () => {
        assert.deepEqual(await unexpected(player, ofGroup), []);
      });
    }
  });
}

/** Answers a line per exchange that differs without being known, or no longer differs. */
async function unexpected(player: Replay, group: readonly Exchange[]): Promise<string[]> {
  const lines: string[] = [];
  for (const exchange of group) {
    const found = await player.run(exchange);
    const isKnown = known.has(exchange.id);
    const title = `${exchange.id} ${exchange.request.method} ${exchange.request.path}`;
    if (isKnown && found.length === 0) lines.push(`${title} no longer differs`);
    if (!isKnown && found.length > 0) lines.push(`${title}: ${found.join('; ')}`);
  }
  return lines;
}

function inOurForm(exchange: Exchange): Exchange {
  const { body, body_text: text, ...response } = exchange.response;
  const replaced = (json: string): string => OUR_FORMS.reduce((all, [from, to]) => all.replaceAll(from, to), json);
  return {
    ...exchange,
    response: {
      ...response,
      body: parseExact(replaced(writeExact(body))),
      ...(text === undefined ? {} : { body_text: replaced(text) }),
    },
  };
}
