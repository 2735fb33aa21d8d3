/**
 * Bad input at publish and at each destination route: never a 5xx, never a stack, never a hang, always a JSON error of
 * the shape of its generation; and after each route a publish is still delivered. A failure prints seed and path for fast-check.
 */
import assert from 'node:assert/strict';
import { Agent, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { type ComposedServer, composedServer, PROFILES } from '../support/composed-server.ts';
import { publishHead, rawConnection } from '../support/raw-connection.ts';
import { type Receiver, receiver } from '../support/receiver.ts';
import { fuzzSeed, sized } from '../support/sizes.ts';
import { bodies, type Plausible, segments } from './bodies.ts';

/** Longer than the server lets any request take. */
const HANG_MS = 30_000;
const STACK = /node:internal|\n\s+at |\\n\s+at |\.ts:\d+/;
const FREE_TEXT = ['"a"', '""', '"é"', '" "'];

const PUBLISH: Plausible = {
  tenant_id: ['"fuzzed"', '"unknown"'],
  data: ['{}', '{"a":1.0}', '{"a":{"b":[1,2]}}'],
  id: FREE_TEXT,
  topic: ['"a"', '"*"'],
  destination_id: ['"d1"', '""', '""'],
  time: ['"2026-01-01T00:00:00Z"', '"0000-01-01T00:00:00.000000001Z"', 'null'],
  eligible_for_retry: ['false', 'null'],
  metadata: ['{"k":"v"}', '{"k":null}', '{"__proto__":"v"}', 'null'],
};
const DESTINATION: Plausible = {
  type: ['"webhook"', '"webhook"', '"webhook"', '"kafka"'],
  topics: ['"*"', '["a"]', '["a","b"]'],
  config: [
    '{"url":"http://127.0.0.1:9/"}',
    '{"url":"http://[::1]/a?b","custom_headers":"{\\"a\\":\\"1\\"}"}',
    '{"url":"no"}',
  ],
  credentials: ['{}', '{"secret":"s"}', '{"secret":"é","other":1}', 'null'],
  filter: ['{"data":{"a":1}}', '{"$or":[{}]}', '{"data":{"a":{"$gte":"x"}}}', '{}', 'null'],
  id: FREE_TEXT,
  metadata: ['{"k":1}', '{"__proto__":[]}', 'null'],
  delivery_metadata: ['{"k":"v"}', '{"é\\n":"1"}', 'null'],
};
const DESTINATION_V0: Plausible = {
  ...DESTINATION,
  type: ['"webhook"', '"webhooks"', '"rabbitmq"', '"hookdeck"', '"kafka"'],
  config: [
    '{"url":"http://127.0.0.1:9/","server_url":"127.0.0.1:9","exchange":"e"}',
    '{"url":"http://[::1]/","server_url":"[::1]:9","exchange":"","tls":true,"streamName":1}',
    '{"url":null,"server_url":"é:0","tls":"x"}',
  ],
  credentials: [
    '{"username":"u","password":"p"}',
    '{"username":"","token":"bm86Y29sb24="}',
    '{"rotate_secret":true}',
    'null',
  ],
};
const ROUTES: readonly {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body: Plausible;
  /** Whose errors these are, v1's when missing; `either` where the path's first segment is anything. */
  readonly errors?: 'v0' | 'either';
}[] = [
  { name: 'publish', method: 'POST', path: '/publish', body: PUBLISH },
  { name: 'create a destination', method: 'POST', path: '/tenants/fuzzed/destinations', body: DESTINATION },
  { name: 'change a destination', method: 'PATCH', path: '/tenants/fuzzed/destinations/d1', body: DESTINATION },
  { name: 'list destinations', method: 'GET', path: '/tenants/{}/destinations', body: {} },
  { name: 'read a destination', method: 'GET', path: '/tenants/fuzzed/destinations/{}', body: {} },
  { name: 'enable a destination', method: 'PUT', path: '/tenants/{}/destinations/{}/enable', body: DESTINATION },
  { name: 'disable a destination', method: 'PUT', path: '/tenants/fuzzed/destinations/{}/disable', body: DESTINATION },
  { name: 'delete a destination', method: 'DELETE', path: '/tenants/{}/destinations/{}', body: DESTINATION },
  { name: '0.x: create', method: 'POST', path: '/fuzzed/destinations', body: DESTINATION_V0, errors: 'v0' },
  { name: '0.x: change', method: 'PATCH', path: '/fuzzed/destinations/d2', body: DESTINATION_V0, errors: 'v0' },
  { name: '0.x: create anywhere', method: 'POST', path: '/{}/destinations', body: DESTINATION_V0, errors: 'either' },
  { name: '0.x: change any', method: 'PATCH', path: '/{}/destinations/{}', body: DESTINATION_V0, errors: 'either' },
];

for (const profile of PROFILES) {
  describe(`bad input (${profile})`, { timeout: 600_000 }, () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    let server: ComposedServer;
    let sink: Receiver;
    let healthy = 0;
    before(async () => {
      sink = await receiver();
      server = await composedServer({
        profile,
        env: { MAX_DESTINATIONS_PER_TENANT: '2000', MAX_RETRY_LIMIT: '0', DELIVERY_TIMEOUT_SECONDS: '1' },
      });
      for (const tenant of ['healthy', 'fuzzed']) {
        await server.putTenant(tenant);
        await server.createWebhook(tenant, sink.origin, { id: 'd1' });
      }
      await server.createWebhook('fuzzed', sink.origin, { id: 'd2' });
    });
    after(async () => {
      agent.destroy();
      await server.stop();
      await sink.close();
    });

    async function isAlive(): Promise<void> {
      const { id } = await server.publish({ id: `healthy ${(healthy += 1)}`, tenant_id: 'healthy' });
      const [attempt] = await server.attemptsOf(id, 1);
      assert.equal(attempt?.status, 'success');
      const faults = server.lines.filter((line) => line['level'] !== 'info');
      assert.deepEqual(faults, []);
    }

    for (const { name, method, path, body, errors = 'v1' } of ROUTES) {
      it(`gets an answer with a reason from: ${name}`, async (test) => {
        const seed = fuzzSeed();
        test.diagnostic(`seed ${seed}`);
        const paths = fc.tuple(segments, segments).map((parts) => {
          let at = 0;
          return path.replaceAll('{}', () => parts[(at += 1) - 1] ?? '');
        });
        const types = fc.constantFrom(
          ...Array.from({ length: 8 }, () => 'application/json'),
          'a',
          '',
          'text/x; charset=utf-16',
        );
        const property = fc.asyncProperty(paths, bodies(body), types, async (where, bytes, type) => {
          const reply = await send(server.url, agent, { method, path: where, bytes, type, key: server.adminKey });
          judge(reply, errors);
        });
        // The first failure is told as it is: shrinking against a server takes long and says little more.
        await fc.assert(property, { seed, numRuns: sized(60, 1_000), endOnFailure: true });
        await isAlive();
      });
    }
  });
}

describe('odd requests', { timeout: 60_000 }, () => {
  let server: ComposedServer;
  before(async () => {
    server = await composedServer({ profile: 'memory' });
  });
  after(() => server.stop());

  it('get an answer with a reason for heads that are too large', async () => {
    const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `X-${n}: v`);
    for (const [headers, status] of [
      [many(300), 202],
      [many(1_999), 431],
      [[`X-Large: ${'x'.repeat(20_000)}`], 431],
      [many(300).map(() => 'X-Same: v'), 202],
    ] as const) {
      const body = '{"tenant_id":"fuzzed","data":{}}';
      const connection = await rawConnection(server.url);
      connection.write(publishHead({ key: server.adminKey, bytes: body.length, headers }) + body);
      const text = await connection.until('}');
      assert.ok(text.startsWith(`HTTP/1.1 ${status} `), `${headers.length} headers: ${text.slice(0, 200)}`);
      connection.reset();
    }
    await server.publish({ tenant_id: 'unknown' });
  });

  it('are not waited for longer than the limit, and get a reason then', async () => {
    const body = '{"tenant_id":"fuzzed","data":{}}';
    const head = publishHead({ key: server.adminKey, bytes: body.length });
    const halves = [head + body.slice(0, 10), head, head.slice(0, 40), ''];
    await Promise.all(
      halves.map(async (half) => {
        const connection = await rawConnection(server.url);
        if (half !== '') connection.write(half);
        const text = await connection.closed;
        assert.match(text, /^HTTP\/1\.1 408 [^]*"code":"request_timeout"/);
      }),
    );
    await server.publish({ tenant_id: 'unknown' });
  });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function judge({ status, headers, text }: Answer, errors: 'v0' | 'v1' | 'either'): void {
  assert.ok(status < 500, `${status}: ${text}`);
  assert.doesNotMatch(text, STACK);
  if (status === 307 || status === 301) return;
  assert.equal(headers['content-type'], 'application/json; charset=utf-8');
  const value: unknown = JSON.parse(text);
  if (status < 400) return;
  const error = value as Record<string, unknown>;
  const hasStatus = errors === 'either' ? 'status' in error : errors === 'v1';
  assert.equal(error['status'], hasStatus ? status : undefined, text);
  assert.equal(typeof error['message'], 'string', text);
  assert.equal(typeof error['code'], 'string', text);
}

/** By Node's own client, which sends paths as they are. */
function send(
  url: string,
  agent: Agent,
  given: { method: string; path: string; bytes: Buffer; type: string; key: string },
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { hostname, port } = new URL(url);
  const headers = {
    authorization: `Bearer ${given.key}`,
    'content-length': given.bytes.length,
    ...(given.type === '' ? {} : { 'content-type': given.type }),
  };
  const call = httpRequest(
    { agent, hostname, port, method: given.method, path: `/api/v1${given.path}`, headers },
    (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () =>
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text: Buffer.concat(chunks).toString() }),
      );
      reply.on('error', reject);
    },
  );
  call.setTimeout(HANG_MS, () => call.destroy(new Error('no answer in time')));
  call.on('error', reject);
  call.end(given.bytes);
  return promise;
}
