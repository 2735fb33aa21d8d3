/**
 * Replays what a reference server was asked and compares our answers with its own: one test per group of exchanges, in
 * the order of the recording, since later ones need what earlier ones made.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type ServerUnderTest, serverUnderTest } from '../support/server.ts';
import { KNOWN_DIFFERENCES, LATER_GROUPS, PROFILES, type ReplayedProfile } from './known-differences.ts';
import { type Exchange, readDeviations, readExchanges } from './recording.ts';
import { type Replay, replay } from './replay.ts';
import { type Sink, sink } from './sink.ts';

const NO_PREFIXES = { IDGEN_DESTINATION_PREFIX: '', IDGEN_EVENT_PREFIX: '', IDGEN_ATTEMPT_PREFIX: '' };
const SETTINGS: Readonly<Record<ReplayedProfile, Readonly<Record<string, string>>>> = {
  main: {},
  open: { ...NO_PREFIXES, API_KEY: '', AUTH_DISABLED: 'true', TOPICS: '' },
  'default-batch': { ...NO_PREFIXES, RETRY_SCHEDULE: '5,5' },
};
const STORES = ['memory', 'embedded'] as const;
const exchanges = readExchanges();

for (const [store, profile] of STORES.flatMap((store) => PROFILES.map((profile) => [store, profile] as const))) {
  describe(`recorded answers of v1, profile ${profile}, ${store} store`, () => {
    let server: ServerUnderTest;
    let receiver: Sink;
    let plain: Server;
    let player: Replay;

    before(async () => {
      receiver = await sink();
      plain = plainListener();
      await once(plain.listen(0, '127.0.0.1'), 'listening');
      server = await serverUnderTest({ ...SETTINGS[profile], PROFILE: store });
      const { host } = server;
      const { port } = plain.address() as { port: number };
      const variables = { admin: 'admin-key', sink: receiver.host, plain: `127.0.0.1:${port}`, host };
      player = replay(host, variables, readDeviations(), new Set(KNOWN_DIFFERENCES.keys()));
    });
    after(async () => {
      player.close();
      await server.close();
      await receiver.close();
      plain.close();
      assert.deepEqual(server.errors, []);
    });

    const inProfile = exchanges.filter((exchange) => exchange.profile === profile && !(exchange.group in LATER_GROUPS));
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
    const isKnown = KNOWN_DIFFERENCES.has(exchange.id);
    const title = `${exchange.id} ${exchange.request.method} ${exchange.request.path}`;
    if (isKnown && found.length === 0) lines.push(`${title} no longer differs`);
    if (!isKnown && found.length > 0) lines.push(`${title}: ${found.join('; ')}`);
  }
  return lines;
}

/** Answers every connection in clear, whatever it asks for. */
function plainListener(): Server {
  return createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'));
  });
}
