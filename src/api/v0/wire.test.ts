/** Errors below the router on paths of 0.x, over real sockets: the same statuses as in v1, told as 0.x tells errors. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { stubApi } from '../../../test/support/stub-api.ts';
import type { TenantUseCases } from '../../tenants/use-cases.ts';

const AUTH = 'Authorization: Bearer admin-key';
const PATH = '/api/v1/acme/destinations';
const LONG = 'x'.repeat(17_000);

const server = stubApi({
  auth: { apiKey: 'admin-key', jwtSecret: '' },
  tenants: { find: async () => ({ id: 'acme' }) } as unknown as TenantUseCases,
});
let port: number;
before(async () => {
  port = await server.listen(0, '127.0.0.1');
});
after(() => server.close());

async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Writes lines as they stand and answers what comes until the server ends the connection. */
function exchange(...lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return readAll(socket);
}

function assertError(answer: string, status: number, code: string): void {
  assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), answer.slice(0, 300));
  assert.match(answer, /content-type: application\/json; charset=utf-8/i);
  assert.match(answer, /connection: close/i);
  const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
  assert.deepEqual(Object.keys(body), ['message', 'code']);
  assert.equal(body['code'], code);
}

describe('errors below the router on paths of 0.x', () => {
  const post = (...more: readonly string[]): Promise<string> =>
    exchange(`POST ${PATH} HTTP/1.1`, 'Host: h', AUTH, 'Connection: close', ...more);

  it('are 400 for a malformed head', async () => {
    assertError(await exchange(`GET ${PATH} HTTP/1.1`, 'Host: h', 'bad header: x'), 400, 'bad_request');
    assertError(await exchange(`GET ${PATH} HTTP/1.1`, 'Connection: close'), 400, 'bad_request');
    assertError(await exchange(`GET ${PATH}/%zz HTTP/1.1`, 'Host: h', 'Connection: close'), 400, 'bad_request');
  });

  it('are 413 and 415 for bodies that are not wanted', async () => {
    assertError(await post('Content-Length: 1048577'), 413, 'payload_too_large');
    assertError(await post('Content-Length: 2', 'Content-Encoding: gzip', '', '{}'), 415, 'unsupported_encoding');
  });

  it('are 414 for a long line and 431 for a long head', async () => {
    assertError(await exchange(`GET ${PATH}?type=${LONG} HTTP/1.1`, 'Host: h'), 414, 'headers_too_large');
    assertError(await exchange(`GET ${PATH} HTTP/1.1`, 'Host: h', `X-Long: ${LONG}`), 431, 'headers_too_large');
  });

  it('are 417 for an expectation that nobody can meet', async () => {
    assertError(await post('Expect: miracles'), 417, 'expectation_failed');
  });

  it('are 501 and 505 for what is not spoken here', async () => {
    assertError(await exchange(`FROB ${PATH} HTTP/1.1`, 'Host: h'), 501, 'not_implemented');
    assertError(await post('Transfer-Encoding: gzip, chunked'), 501, 'not_implemented');
    assertError(await exchange(`GET ${PATH} HTTP/1.9`, 'Host: h'), 505, 'version_not_supported');
  });

  it('are 408 for a body that does not come', async () => {
    assertError(await post('Content-Length: 2'), 408, 'request_timeout');
  });

  it('are not there for the placeholder of a tenant, which need not be encoded', async () => {
    const answer = await exchange(
      'GET /api/v1/{tenant_id}/destinations HTTP/1.1',
      'Host: h',
      AUTH,
      'Connection: close',
    );
    assertError(answer, 404, 'tenant_not_found');
  });

  it('leave the server alive', async () => {
    const answer = await exchange('GET /api/v1/acme/topics HTTP/1.1', 'Host: h', AUTH, 'Connection: close');
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });
});
