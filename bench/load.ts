/**
 * The load tool and the receiver, one process for both: it publishes to the server under test and takes its webhooks.
 * Open loop at a rate, counted from the intended send time; or closed loop, as fast as so many connections go.
 *
 * Driven by lines of JSON on standard input, answers on standard output:
 *   {"kind":"open","url":…,"perSecond":1000,"seconds":4} · {"kind":"closed","url":…,"connections":64,"seconds":4}
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { Agent } from 'undici';

/** 1 KiB events: with the envelope about as much again goes over the wire as in hot-path measurements of this kind. */
const PADDING = 'x'.repeat(900);
const DRAIN_WITHIN_MS = 20_000;

export interface Order {
  readonly kind: 'open' | 'closed';
  readonly url: string;
  readonly key: string;
  readonly tenants: number;
  readonly perSecond: number;
  readonly connections: number;
  readonly seconds: number;
}

export interface Measured {
  readonly acked: number;
  readonly delivered: number;
  readonly refused: number;
  readonly elapsedMs: number;
  /** How long the receiver still got events after the last publish. */
  readonly drainMs: number;
  readonly ackMs: Percentiles;
  readonly endToEndMs: Percentiles;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly samples: number;
}

let round = 0;
let delivered = 0;
/** Intended send time by event id, of the current order. */
const sentAt = new Map<string, number>();
const endToEnd: number[] = [];

const receiver = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200).end();
    const id = String(request.headers['x-outpost-event-id']);
    const at = sentAt.get(id);
    if (at === undefined) return;
    sentAt.delete(id);
    delivered += 1;
    endToEnd.push(performance.now() - at);
  });
});

async function run(order: Order): Promise<Measured> {
  round += 1;
  delivered = 0;
  sentAt.clear();
  endToEnd.length = 0;
  const acks: number[] = [];
  let acked = 0;
  let refused = 0;
  let count = 0;
  const agent = new Agent({ connections: order.connections, pipelining: 1 });

  const publish = async (at: number): Promise<void> => {
    count += 1;
    const id = `evt_${process.pid}_${round}_${count}`;
    sentAt.set(id, at);
    const body = `{"id":"${id}","tenant_id":"tenant_${count % order.tenants}","topic":"user.created","data":{"id":"${id}","padding":"${PADDING}"}}`;
    const reply = await agent.request({
      origin: order.url,
      path: '/api/v1/publish',
      method: 'POST',
      headers: { authorization: `Bearer ${order.key}`, 'content-type': 'application/json' },
      body,
    });
    await reply.body.dump();
    if (reply.statusCode === 202) {
      acked += 1;
      acks.push(performance.now() - at);
    } else {
      refused += 1;
      sentAt.delete(id);
    }
  };

  const started = performance.now();
  if (order.kind === 'open') await openLoop(order, started, publish);
  else await closedLoop(order, started, publish);
  const elapsedMs = performance.now() - started;
  const giveUpAt = performance.now() + DRAIN_WITHIN_MS;
  while (delivered < acked && performance.now() < giveUpAt) await pause(5);
  const drainMs = performance.now() - started - elapsedMs;
  await agent.close();
  return {
    acked,
    delivered,
    refused,
    elapsedMs,
    drainMs,
    ackMs: percentiles(acks),
    endToEndMs: percentiles(endToEnd),
  };
}

/** Sends at the moments that the rate gives, whether or not answers come; late sends count from their moment. */
async function openLoop(order: Order, started: number, publish: (at: number) => Promise<void>): Promise<void> {
  const total = order.perSecond * order.seconds;
  const under: Promise<void>[] = [];
  let sent = 0;
  while (sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - started) * order.perSecond) / 1_000) + 1);
    for (; sent < due; sent += 1) under.push(publish(started + (sent * 1_000) / order.perSecond));
    await pause(1);
  }
  await Promise.all(under);
}

async function closedLoop(order: Order, started: number, publish: (at: number) => Promise<void>): Promise<void> {
  const until = started + order.seconds * 1_000;
  const worker = async (): Promise<void> => {
    while (performance.now() < until) await publish(performance.now());
  };
  await Promise.all(Array.from({ length: order.connections }, worker));
}

function percentiles(samples: number[]): Percentiles {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), samples: sorted.length };
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}

receiver.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ receiver: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}` }));
});
createInterface({ input: process.stdin }).on('line', (line) => {
  run(JSON.parse(line) as Order).then(
    (measured) => console.log(JSON.stringify(measured)),
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
      process.stdin.destroy();
    },
  );
});
