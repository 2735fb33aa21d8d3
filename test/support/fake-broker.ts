/**
 * A peer that opens AMQP connections as a broker does and then does what the test says, down to what goes into one
 * packet. Its frames are encoded by amqplib's own tables, loaded by file because the package doesn't export them.
 */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';

interface Definitions {
  encodeMethod(method: number, channel: number, fields: Readonly<Record<string, unknown>>): Buffer;
  readonly ConnectionStart: number;
  readonly ConnectionTune: number;
  readonly ConnectionOpenOk: number;
  readonly ConnectionClose: number;
}

const require = createRequire(import.meta.url);
const definitions = require(join(dirname(require.resolve('amqplib')), 'lib', 'defs.js')) as Definitions;

const { encodeMethod } = definitions;
const START = encodeMethod(definitions.ConnectionStart, 0, {
  versionMajor: 0,
  versionMinor: 9,
  serverProperties: {},
  mechanisms: Buffer.from('PLAIN'),
  locales: Buffer.from('en_US'),
});
const TUNE = encodeMethod(definitions.ConnectionTune, 0, { channelMax: 0, frameMax: 131_072, heartbeat: 0 });

export const OPEN_OK = encodeMethod(definitions.ConnectionOpenOk, 0, { knownHosts: '' });
export function connectionClose(replyCode: number, replyText: string): Buffer {
  return encodeMethod(definitions.ConnectionClose, 0, { replyCode, replyText, classId: 0, methodId: 0 });
}

export interface FakeBroker {
  readonly address: string;
  readonly connections: number;
  /** Resolves when the client has asked for something on a connection that it takes for open. */
  readonly asked: Promise<void>;
  /** Resolves when no connection is open. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

/** @param opened what is sent instead of an answer to the client's `open`, in one packet; null for nothing at all */
export async function fakeBroker(opened: readonly Buffer[] | null): Promise<FakeBroker> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let wake = (): void => {};
  const asked = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      wake();
    });
    if (opened === null) {
      socket.resume();
      return;
    }
    // The protocol's header, start-ok, tune-ok and open, of which the first has no frame around it.
    const answers = [START, TUNE, null, Buffer.concat(opened)];
    let rest = Buffer.alloc(0);
    let isFirst = true;
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const length = isFirst ? 8 : rest.length < 7 ? Infinity : 8 + rest.readUInt32BE(3);
        if (rest.length < length) return;
        rest = rest.subarray(length);
        isFirst = false;
        if (answers.length === 0) asked.resolve();
        const answer = answers.shift();
        if (answer != null) socket.write(answer);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    asked: asked.promise,
    async quiet() {
      while (sockets.size > 0) await new Promise<void>((resolve) => (wake = resolve));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
