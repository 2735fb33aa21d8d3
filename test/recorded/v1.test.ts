/**
 * Replays what a reference server was asked and compares our answers with its own: one test per group of exchanges, in
 * the order of the recording, since later ones need what earlier ones made.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type ServerOptions, type ServerUnderTest, serverUnderTest } from '../support/server.ts';
import { KNOWN_DIFFERENCES, LATER_GROUPS, PROFILES, type ReplayedProfile } from './known-differences.ts';
import { type Exchange, readDeviations, readExchanges } from './recording.ts';
import { type Replay, replay } from './replay.ts';
import { type Sink, sink } from './sink.ts';

const NO_PREFIXES = { destination: '', event: '', attempt: '' };
const SETTINGS: Readonly<Record<ReplayedProfile, ServerOptions>> = {
  main: {},
  open: { apiKey: null, topics: [], prefixes: NO_PREFIXES },
  'default-batch': { prefixes: NO_PREFIXES, delaysMs: [5_000, 5_000] },
};
const exchanges = readExchanges();

for (const profile of PROFILES) {
  describe(`recorded answers of v1, profile ${profile}`, () => {
    let server: ServerUnderTest;
    let receiver: Sink;
    let plain: Server;
    let player: Replay;

    before(async () => {
      receiver = await sink();
      plain = plainListener();
      await once(plain.listen(0, '127.0.0.1'), 'listening');
      server = await serverUnderTest(SETTINGS[profile]);
      const host = `127.0.0.1:${server.port}`;
      const { port } = plain.address() as { port: number };
      const variables = { admin: 'admin-key', sink: receiver.host, plain: `127.0.0.1:${port}`, host };
      player = replay(host, variables, readDeviations(), new Set(KNOWN_DIFFERENCES.keys()));
    });
    after(async () => {
      player.close();
      await server.close();
      await receiver.close();
      plain.close();
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
