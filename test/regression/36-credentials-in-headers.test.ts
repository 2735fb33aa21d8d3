/** Promise: the scheme of a credential counts in any case; the key is compared as it is, blanks and quotes included. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { composedServer } from '../support/composed-server.ts';

describe('the operator’s key', { timeout: 30_000 }, () => {
  it('field case 36: is accepted behind a scheme in any case, and never with more around it', async () => {
    const server = await composedServer({ profile: 'memory' });
    try {
      const statusOf = async (authorization: string): Promise<number> =>
        (await server.call('GET', '/topics', undefined, { authorization })).status;
      for (const scheme of ['Bearer', 'bearer', 'BEARER'])
        assert.equal(await statusOf(`${scheme} ${server.adminKey}`), 200);
      for (const wrong of [
        `Bearer  ${server.adminKey}`,
        `Bearer "${server.adminKey}"`,
        `Bearer${server.adminKey}`,
        'Bearer',
      ]) {
        assert.equal(await statusOf(wrong), 401, wrong);
      }
    } finally {
      await server.stop();
    }
  });

  it('field case 36: that was set with quotes around it has them', async () => {
    const server = await composedServer({ profile: 'memory', env: { API_KEY: '"k"' } });
    try {
      for (const [key, status] of [
        ['"k"', 200],
        ['k', 401],
      ] as const) {
        const reply = await server.call('GET', '/topics', undefined, { authorization: `Bearer ${key}` });
        assert.equal(reply.status, status, key);
      }
    } finally {
      await server.stop();
    }
  });
});
