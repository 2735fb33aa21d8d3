/**
 * The receivers of the kill test, and their own record: the only witness that the oracle believes. One listener, a path
 * per destination: `/ok/…`, `/fails-twice/…` (500 to the first two POSTs of an event), `/hangs-once/…` (no answer to the
 * first POST of an event), `/hangs/…` (no answer until `heal`).
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Kind = 'ok' | 'fails-twice' | 'hangs-once' | 'hangs';

export interface Receipt {
  posts: number;
  /** POSTs that were answered with 200. */
  taken: number;
  /** The last POST was answered with 500: the delivery waits for its retry. */
  isFailing: boolean;
}

export interface Receivers {
  readonly url: string;
  /** By `<destination id> <event id>`. */
  readonly receipts: ReadonlyMap<string, Receipt>;
  /** Requests that have arrived and are not answered. */
  open(): number;
  /** Deliveries whose last POST was refused: what waits for a retry, as seen from outside. */
  failing(): number;
  /** From now on everything is taken. */
  heal(): void;
  close(): Promise<void>;
}

export async function receivers(): Promise<Receivers> {
  const receipts = new Map<string, Receipt>();
  let open = 0;
  let failing = 0;
  let isHealed = false;

  function receive(request: IncomingMessage, response: ServerResponse): void {
    const [, kind, destination] = (request.url ?? '').split('/');
    const key = `${destination} ${String(request.headers['x-outpost-event-id'])}`;
    const receipt = receipts.get(key) ?? { posts: 0, taken: 0, isFailing: false };
    receipts.set(key, receipt);
    receipt.posts += 1;
    if (receipt.isFailing) failing -= 1;
    receipt.isFailing = false;
    open += 1;
    response.once('close', () => {
      open -= 1;
    });
    if (!isHealed && ((kind === 'hangs-once' && receipt.posts === 1) || kind === 'hangs')) return;
    if (!isHealed && kind === 'fails-twice' && receipt.posts <= 2) {
      receipt.isFailing = true;
      failing += 1;
      response.writeHead(500).end();
      return;
    }
    receipt.taken += 1;
    response.writeHead(200).end();
  }

  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => receive(request, response));
    request.once('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    receipts,
    open: () => open,
    failing: () => failing,
    heal() {
      isHealed = true;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
