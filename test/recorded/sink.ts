/** The webhook receiver of the recordings: answers by path, as test/fixtures/vectors/recorded-v1.json expects. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const BIG_BYTES = 131_073;

export interface Sink {
  /** `127.0.0.1:port` */
  readonly host: string;
  close(): Promise<void>;
}

export async function sink(): Promise<Sink> {
  const failures = new Map<string, number>();
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => answer(request, response, failures));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => closeAll(server),
  };
}

async function closeAll(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

function answer(request: IncomingMessage, response: ServerResponse, failures: Map<string, number>): void {
  const path = request.url ?? '';
  const part = (pattern: RegExp): RegExpExecArray | null => pattern.exec(path);
  const reply = (status: number, body: string | Buffer, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'text/plain', ...headers });
    response.end(body);
  };
  // What a redirect leads to is part of its own path.
  const redirect = part(/\/redirect\/(\d+)\/(.*)$/);
  if (redirect !== null) return reply(Number(redirect[1]), '', { location: `/${redirect[2]}` });
  const status = part(/\/status\/(\d+)/);
  if (status !== null) {
    const code = Number(status[1]);
    reply(code, code === 204 || code === 304 ? '' : `status ${code}`, code === 429 ? { 'retry-after': '1' } : {});
    return;
  }
  if (path.endsWith('/loop')) return reply(302, '', { location: path });
  const slow = part(/\/slow\/(\d+)/);
  if (slow !== null) {
    // The recordings are of a slow receiver, so it has to be one.
    const timer = setTimeout(() => reply(200, 'ok'), Number(slow[1]));
    response.on('close', () => clearTimeout(timer));
    return;
  }
  const failing = part(/\/failn\/(\d+)\/(\d+)/);
  if (failing !== null) {
    const count = failures.get(path) ?? 0;
    failures.set(path, count + 1);
    return count < Number(failing[1]) ? reply(Number(failing[2]), 'try again') : reply(200, 'ok');
  }
  if (path.endsWith('/reset')) return void request.socket.resetAndDestroy();
  if (path.endsWith('/close')) return void request.socket.destroy();
  if (path.endsWith('/json')) return reply(200, '{"b":1,"a":{"n":1.50}}', { 'content-type': 'application/json' });
  if (path.endsWith('/empty')) return reply(200, '');
  if (path.endsWith('/html')) {
    return reply(200, Buffer.concat([Buffer.from('<html>&amp; ✓ '), Buffer.from([0xff]), Buffer.from('</html>')]), {
      'content-type': 'text/html',
    });
  }
  if (path.endsWith('/nul')) return reply(200, 'a\0b');
  if (path.endsWith('/big')) return reply(200, 'x'.repeat(BIG_BYTES));
  if (path.endsWith('/cap')) return reply(200, 'x'.repeat(BIG_BYTES - 1));
  reply(200, 'ok');
}
