/**
 * A receiver below HTTP: it takes requests apart just enough to know where one ends, and answers whatever bytes a test
 * wants, when it wants. For replies that an HTTP server would not send.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';

export interface RawRequest {
  /** From 1, over all connections. */
  readonly number: number;
  /** From 1. */
  readonly connection: number;
  /** Request line and headers as they came, without the blank line. */
  readonly head: string;
  readonly requestLine: string;
  /** In order, names as they came; values as latin1, one character a byte. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Empty if the receiver answers at the head. */
  readonly body: Buffer;
  /** The name that the client asked for in its TLS handshake; null without TLS or name. */
  readonly serverName: string | null;
}

/** What to do with a request: bytes to write (the connection stays open), or a function that has the socket. */
export type RawReply = string | Uint8Array | ((socket: Socket, request: RawRequest) => void);

export interface RawReceiverOptions {
  /** `127.0.0.1` by default. */
  readonly host?: string;
  /** `body`: replies once the whole request is there. `head`: as soon as its headers are, reading no further. */
  readonly replyAt?: 'head' | 'body';
  /** Key, certificate and the like: speaks TLS. */
  readonly tls?: TlsOptions;
}

export interface RawReceiver {
  readonly port: number;
  /** `http://127.0.0.1:port` or what fits the options. */
  readonly origin: string;
  readonly requests: readonly RawRequest[];
  /** How many connections there have been. */
  readonly connections: number;
  /** Resolves once the n-th request (from 1) is there. */
  request(number: number): Promise<RawRequest>;
  close(): Promise<void>;
}

/** Starts one that answers each request with `reply`. */
export async function rawReceiver(reply: RawReply, options: RawReceiverOptions = {}): Promise<RawReceiver> {
  const { host = '127.0.0.1', replyAt = 'body', tls } = options;
  const requests: RawRequest[] = [];
  const waiting: { readonly number: number; readonly resolve: (request: RawRequest) => void }[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  const take = (socket: Socket, request: Omit<RawRequest, 'number'>): void => {
    const whole = { ...request, number: requests.length + 1 };
    requests.push(whole);
    for (const waiter of waiting) if (waiter.number === whole.number) waiter.resolve(whole);
    if (typeof reply === 'function') reply(socket, whole);
    else socket.write(reply);
  };

  const serve = (socket: Socket): void => {
    connections += 1;
    const connection = connections;
    const serverName = (tls !== undefined && (socket as TLSSocket).servername) || null;
    sockets.add(socket);
    let bytes: Buffer = Buffer.alloc(0);
    // Resets and early closes are part of what is tested.
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (let head = parseHead(bytes); head !== null; head = parseHead(bytes)) {
        const end = head.bytes + (replyAt === 'body' ? head.contentLength : 0);
        if (bytes.length < end) return;
        const body = bytes.subarray(head.bytes, end);
        bytes = bytes.subarray(end);
        if (replyAt === 'head') socket.pause().removeAllListeners('data');
        take(socket, { connection, serverName, body, head: head.text, requestLine: head.line, headers: head.headers });
        if (replyAt === 'head') return;
      }
    });
  };

  const server: Server =
    tls === undefined
      ? createTcpServer({ noDelay: true }, serve)
      : createTlsServer(tls, serve).on('tlsClientError', () => {});
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    requests,
    get connections() {
      return connections;
    },
    async request(number) {
      return requests[number - 1] ?? new Promise((resolve) => waiting.push({ number, resolve }));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function parseHead(bytes: Buffer): {
  bytes: number;
  text: string;
  line: string;
  headers: [string, string][];
  contentLength: number;
} | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const text = bytes.subarray(0, end).toString('latin1');
  const [line = '', ...lines] = text.split('\r\n');
  const headers = lines.map((header): [string, string] => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon), header.slice(colon + 1).trim()];
  });
  const length = headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? '0';
  return { bytes: end + 4, text, line, headers, contentLength: Number(length) };
}
