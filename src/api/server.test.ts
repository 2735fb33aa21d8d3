/** What the routes have in common, over real sockets where Node's own behaviour matters. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { stubApi } from '../../test/support/stub-api.ts';
import type { EventRecord } from '../domain/event.ts';
import type { History } from '../ports/history.ts';
import type { TenantUseCases } from '../tenants/use-cases.ts';

const AUTH = 'Authorization: Bearer admin-key';
const EVENT = '{"tenant_id":"nobody","topic":"user.created","data":{}}';

const DATA = '{"b": 1.0,"1":1e3,  "b":12345678901234567890,"s":"\\ud83d\\u0000 <é>"}';

const server = stubApi({
  auth: { apiKey: 'admin-key', jwtSecret: '' },
  tenants: { find: async () => null } as Partial<TenantUseCases> as TenantUseCases,
  history: { findEvent: async () => event } as Partial<History> as History,
});
const event = {
  id: 'exact',
  tenantId: 't',
  matchedDestinationIds: [],
  topic: '',
  time: { ms: 0, nanos: 1 },
  eligibleForRetry: true,
  metadata: {},
  data: Buffer.from(DATA),
} as unknown as EventRecord;
let port: number;
before(async () => {
  port = await server.listen(0, '127.0.0.1');
});
after(() => server.close());

/** Writes a request as it stands and answers everything that comes until the connection ends. */
async function exchange(...lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return readAll(socket);
}

async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Reads until the text has come. */
async function readUntil(socket: Socket, text: string): Promise<string> {
  let read = '';
  while (!read.includes(text)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    read += chunk.toString();
  }
  return read;
}

function assertError(answer: string, status: number, code: string): void {
  assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
  assert.match(answer, /content-type: application\/json; charset=utf-8/i);
  const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as { status: number; code: string };
  assert.deepEqual([body.status, body.code], [status, code]);
}

describe('a request that is no request', () => {
  it('is 400 when it is malformed', async () => {
    assertError(await exchange('nonsense'), 400, 'bad_request');
    assertError(await exchange('GET /healthz HTTP/1.1', 'Host: h', 'bad header: x'), 400, 'bad_request');
    assertError(await exchange('GET /healthz HTTP/1.1', 'Connection: close'), 400, 'bad_request');
  });

  it('is 501 with an unknown method or transfer coding', async () => {
    assertError(await exchange('FROB /healthz HTTP/1.1', 'Host: h'), 501, 'not_implemented');
    assertError(
      await exchange(
        'POST /api/v1/publish HTTP/1.1',
        'Host: h',
        AUTH,
        'Transfer-Encoding: gzip, chunked',
        'Connection: close',
      ),
      501,
      'not_implemented',
    );
    assertError(await exchange('CONNECT h:443 HTTP/1.1', 'Host: h'), 501, 'not_implemented');
  });

  it('is 505 in another version of HTTP', async () => {
    assertError(await exchange('GET /healthz HTTP/1.9', 'Host: h'), 505, 'version_not_supported');
    assertError(await exchange('GET /healthz HTTP/2.0', 'Host: h', 'Connection: close'), 505, 'version_not_supported');
  });

  it('is 414 when its line is too long, else 431', async () => {
    const long = 'x'.repeat(17_000);
    assertError(await exchange(`GET /api/v1/topics?id=${long} HTTP/1.1`, 'Host: h'), 414, 'headers_too_large');
    assertError(await exchange('GET /api/v1/topics HTTP/1.1', 'Host: h', `X-Long: ${long}`), 431, 'headers_too_large');
  });
});

describe('Expect (field case 14)', () => {
  const head = (...more: readonly string[]): readonly string[] => [
    'POST /api/v1/publish HTTP/1.1',
    'Host: h',
    'Expect: 100-continue',
    ...more,
  ];

  it('invites the body of a welcome request', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write(`${head(AUTH, `Content-Length: ${EVENT.length}`, 'Connection: close').join('\r\n')}\r\n\r\n`);
    assert.equal(await readUntil(socket, '\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(EVENT);
    assert.match(await readAll(socket), /^HTTP\/1\.1 202 /);
  });

  it('refuses an unwelcome one at once and ends the connection', async () => {
    assertError(await exchange(...head('Authorization: Bearer wrong', 'Content-Length: 9')), 401, 'unauthorized');
    assertError(await exchange(...head(AUTH, 'Content-Length: 1048577')), 413, 'payload_too_large');
    assertError(
      await exchange(...head(AUTH, 'Content-Length: 9', 'Content-Encoding: gzip')),
      415,
      'unsupported_encoding',
    );
    assertError(
      await exchange('POST /api/v1/metrics HTTP/1.1', 'Host: h', 'Expect: 100-continue', 'Content-Length: 9'),
      404,
      'not_found',
    );
  });

  it('is 417 for anything else', async () => {
    assertError(await exchange('GET /healthz HTTP/1.1', 'Host: h', 'Expect: foo'), 417, 'expectation_failed');
  });
});

describe('a body', () => {
  const post = (headers: Record<string, string>, payload: string | Buffer) =>
    server.app.inject({
      method: 'POST',
      url: '/api/v1/publish',
      headers: { authorization: 'Bearer admin-key', ...headers },
      payload,
    });

  it('is JSON whatever its content type says', async () => {
    for (const type of ['text/plain', ';;', 'application/x-www-form-urlencoded', 'application/json; charset="UTF-8"']) {
      assert.equal((await post({ 'content-type': type }, EVENT)).statusCode, 202, type);
    }
  });

  it('is 415 in another charset (field case 22) or content encoding', async () => {
    assert.equal((await post({ 'content-type': 'application/json; charset=utf-16' }, EVENT)).statusCode, 415);
    assert.equal((await post({ 'content-type': 'application/json; charset=iso-8859-1' }, EVENT)).statusCode, 415);
    assert.equal((await post({ 'content-encoding': 'gzip' }, EVENT)).statusCode, 415);
  });

  it('is 413 beyond the limit, which the answer names', async () => {
    const answer = await post({}, 'x'.repeat(1_048_577));
    assert.equal(answer.statusCode, 413);
    assert.match(answer.json<{ message: string }>().message, /1048576/);
    assert.equal(answer.headers.connection, 'close');
  });

  it('is not read where it is ignored', async () => {
    const url = '/api/v1/tenants/none/destinations/d/enable';
    const headers = { authorization: 'Bearer admin-key', 'content-type': 'nonsense', 'content-encoding': 'gzip' };
    const answer = await server.app.inject({ method: 'PUT', url, headers, payload: '{bad' });
    assert.equal(answer.json<{ code: string }>().code, 'tenant_not_found');
  });
});

describe('what is not there', () => {
  it('is 404 in the same words for everybody, before any body is read', async () => {
    for (const [method, url] of [
      ['GET', '/api/v1/metrics/nope'],
      ['POST', '/api/v1/topics'],
      ['OPTIONS', '/api/v1/topics'],
      ['GET', '/api/v1//topics'],
      ['GET', '/api/v1/publish'],
      ['GET', '/api/v1/tenants/a%2Fb'],
      ['GET', '/api/v1/tenants//destinations'],
      ['GET', '/api/v1/events/a%00b'],
      ['GET', `/api/v1/tenants/${'x'.repeat(5_000)}`],
    ] as const) {
      const answer = await server.app.inject({ method, url });
      assert.equal(answer.statusCode, 404, url);
      assert.equal(answer.body, '{"message":"not found","status":404,"code":"not_found"}', url);
    }
  });

  it('is redirected if it is there without a slash, within our own paths', async () => {
    const answer = await server.app.inject({ method: 'GET', url: '/api/v1/topics/?a=1' });
    assert.deepEqual([answer.statusCode, answer.headers.location], [301, '/api/v1/topics?a=1']);
    const published = await server.app.inject({ method: 'POST', url: '/api/v1/publish/', payload: '{}' });
    assert.deepEqual([published.statusCode, published.headers.location], [307, '/api/v1/publish']);
    assert.equal((await server.app.inject({ method: 'GET', url: '//evil.example/' })).statusCode, 404);
    assert.equal(
      (await server.app.inject({ method: 'GET', url: '/api/v1/tenants/' })).headers.location,
      '/api/v1/tenants',
    );
  });

  it('is 400 when its path does not decode', async () => {
    const answer = await server.app.inject({ method: 'GET', url: '/api/v1/tenants/%zz' });
    assert.equal(answer.json<{ code: string }>().code, 'bad_request');
  });
});

describe('the bytes of an event', () => {
  it('come back as they were published', async () => {
    const headers = { authorization: 'Bearer admin-key' };
    const { body } = await server.app.inject({ method: 'GET', url: '/api/v1/events/exact', headers });
    assert.equal(
      body,
      `{"id":"exact","tenant_id":"t","matched_destination_ids":[],"topic":"","time":"1970-01-01T00:00:00.000000001Z","eligible_for_retry":true,"data":${DATA}}`,
    );
  });
});
