/** Failures of our own, and how the server stops, with use-cases made for it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { published, stubApi } from '../../test/support/stub-api.ts';
import { AppError } from '../lib/errors.ts';
import type { Published } from '../publish/use-cases.ts';
import { faultOf } from './wire-errors.ts';

const EVENT = '{"tenant_id":"t","data":{}}';
const publish = { method: 'POST', url: '/api/v1/publish', payload: EVENT } as const;

const answering = (answer: () => Promise<Published>) => stubApi({ publish: { publish: answer } });

describe('a fault of our own', () => {
  it('is 500 without a word of what it was, and one line in the log', async () => {
    const fault = new TypeError('row 17 has no name');
    const { app, lines } = answering(() => Promise.reject(fault));
    const answer = await app.inject(publish);
    assert.equal(answer.body, '{"status":500,"message":"internal server error","code":"internal"}');
    assert.deepEqual(lines, [
      { event: 'request_failed', method: 'POST', route: '/api/v1/publish', status: 500, error: fault },
    ]);
  });

  it('is no fault when a use-case refuses', async () => {
    const { app, lines } = answering(() => Promise.reject(new AppError('overloaded', 'too much waits to be stored')));
    const answer = await app.inject(publish);
    assert.equal(answer.statusCode, 503);
    assert.equal(answer.headers['retry-after'], '1');
    assert.equal(answer.json<{ message: string }>().message, 'too much waits to be stored');
    assert.deepEqual(lines, []);
  });
});

describe('a publish reply', () => {
  it('says conflict and reason only where there is something to say', async () => {
    const plain = await stubApi().app.inject(publish);
    assert.equal(plain.statusCode, 202);
    assert.equal(plain.body, '{"id":"e","duplicate":false,"destination_ids":[]}');
    const answer = published({ duplicate: true, conflict: true, reason: 'tenant_not_found' });
    assert.equal(
      (await answering(async () => answer).app.inject(publish)).body,
      '{"id":"e","duplicate":true,"destination_ids":[],"conflict":true,"reason":"tenant_not_found"}',
    );
  });
});

describe('probes', () => {
  it('tell who has failed, and whether to send traffic, at the root and below the prefix', async () => {
    const { app } = stubApi({ health: () => ({ isReady: false, workers: { writer: true, dispatcher: false } }) });
    for (const prefix of ['', '/api/v1']) {
      const health = await app.inject({ method: 'GET', url: `${prefix}/healthz` });
      assert.equal(health.statusCode, 503);
      assert.deepEqual(health.json(), {
        status: 'failed',
        timestamp: '1970-01-01T00:00:00Z',
        workers: { dispatcher: { status: 'failed' }, writer: { status: 'healthy' } },
      });
      assert.equal((await app.inject({ method: 'GET', url: `${prefix}/readyz` })).statusCode, 503);
      assert.equal((await app.inject({ method: 'GET', url: `${prefix}/livez` })).statusCode, 200);
    }
  });
});

describe('stopping (field case 15)', () => {
  it('answers what is under way with Connection: close and does not wait for parked connections', async () => {
    const reached = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<Published>();
    const server = answering(() => {
      reached.resolve();
      return finish.promise;
    });
    const port = await server.listen(0, '127.0.0.1');
    const parked = connect(port, '127.0.0.1');
    await once(parked, 'connect');
    const busy = connect(port, '127.0.0.1');
    busy.write(`POST /api/v1/publish HTTP/1.1\r\nHost: h\r\nContent-Length: ${EVENT.length}\r\n\r\n${EVENT}`);
    await reached.promise;
    const stopped = server.close();
    finish.resolve(published());
    const chunks: Buffer[] = [];
    for await (const chunk of busy) chunks.push(chunk as Buffer);
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 202 [^]*connection: close/i);
    await stopped;
    await server.close();
    parked.destroy();
  });

  it('keeps idle connections longer than load balancers do', () => {
    assert.ok(stubApi().app.server.keepAliveTimeout > 65_000);
  });
});

describe('a fault of the parser', () => {
  const fault = (code: string, packet = '', bytesParsed = 0) =>
    faultOf(Object.assign(new Error(code), { code, rawPacket: Buffer.from(packet), bytesParsed }));

  it('is 408 when the request was too slow', () => {
    assert.equal(fault('ERR_HTTP_REQUEST_TIMEOUT').status, 408);
  });

  it('is told by the request line that it happened in, of several in a packet the last', () => {
    const first = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
    assert.equal(fault('HPE_INVALID_METHOD', `${first}FROB / HTTP/1.1\r\n\r\n`, first.length + 4).status, 501);
    assert.equal(fault('HPE_INVALID_METHOD', '\x01\x02 / HTTP/1.1\r\n\r\n').status, 400);
    assert.equal(fault('HPE_INVALID_VERSION', 'GET / HTTP/3.0\r\n\r\n', 12).status, 505);
    assert.equal(fault('HPE_INVALID_VERSION', 'GET / HTTP/x\r\n\r\n', 12).status, 400);
  });
});
