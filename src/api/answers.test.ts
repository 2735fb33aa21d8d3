import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Fastify from 'fastify';
import { answers } from './answers.ts';

describe('a reply that is its head alone', () => {
  it('ends its connection once the server stops, as any other does', async () => {
    const replies = answers({ routes: [], log: () => assert.fail('nothing failed') });
    const app = Fastify();
    app.get('/', (_request, reply) => replies.sendEmpty(reply, 204, { vary: 'Origin' }));
    const before = await app.inject('/');
    assert.deepEqual([before.statusCode, before.body, before.headers['vary']], [204, '', 'Origin']);
    assert.notEqual(before.headers.connection, 'close');
    replies.closeConnections();
    assert.equal((await app.inject('/')).headers.connection, 'close');
    await app.close();
  });
});
