/**
 * The floor that Outpost is measured against: bare `node:http` in, JSON.parse, one HMAC, undici out, 64 slots, no store.
 * What it lacks (durability, retries, fairness, a log) is what the difference pays for.
 *
 * `node bench/floor.ts <port> <receiver url>`
 */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { Agent } from 'undici';

const [port, receiver] = process.argv.slice(2);
if (port === undefined || receiver === undefined) throw new Error('usage: floor.ts <port> <receiver url>');
const SLOTS = 64;
const SECRET = 'whsec_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

const target = new URL(receiver);
const agent = new Agent({ connections: SLOTS, pipelining: 1 });
const waiting: { id: string; data: string }[] = [];
let busy = 0;

function sendNext(): void {
  while (busy < SLOTS) {
    const event = waiting.shift();
    if (event === undefined) return;
    busy += 1;
    void send(event).finally(() => {
      busy -= 1;
      sendNext();
    });
  }
}

async function send(event: { id: string; data: string }): Promise<void> {
  const signature = createHmac('sha256', SECRET).update(event.data).digest('hex');
  const reply = await agent.request({
    origin: target.origin,
    path: target.pathname,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-outpost-event-id': event.id,
      'x-outpost-signature': `v0=${signature}`,
    },
    body: event.data,
  });
  await reply.body.dump();
}

createServer((request, response) => {
  if (request.method !== 'POST') {
    response.writeHead(404).end();
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const event = JSON.parse(Buffer.concat(chunks).toString()) as { id: string; data: unknown };
    waiting.push({ id: event.id, data: JSON.stringify(event.data) });
    response.writeHead(202, { 'content-type': 'application/json' }).end(`{"id":"${event.id}","duplicate":false}`);
    sendNext();
  });
}).listen(Number(port), '127.0.0.1');
