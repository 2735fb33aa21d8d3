import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { destinationId, tenantId } from '../domain/ids.ts';
import { D, invalid, refused, says, START_MS, T, world } from '../../test/support/destination-world.ts';
import { openCredentials } from './credentials.ts';

const SECRET = /^whsec_[0-9a-f]{64}$/;

describe('creating a destination', () => {
  it('answers what is stored, its secret generated and shown', async () => {
    const { create, changes, stored } = await world();
    const { credentials, lane, tenant, version, ...rest } = await create({
      metadata: { team: 'a' },
      deliveryMetadata: {},
    });
    assert.match(credentials['secret'] ?? '', SECRET);
    assert.deepEqual(rest, {
      tenantId: T,
      id: 'd',
      type: 'webhook',
      topics: ['*'],
      filter: null,
      config: { url: 'https://example.test/hook' },
      deliveryMetadata: null,
      metadata: { team: 'a' },
      createdAtMs: START_MS,
      updatedAtMs: START_MS,
      disabledAtMs: null,
      target: 'https://example.test/hook',
      targetUrl: null,
    });
    assert.deepEqual(await stored(), credentials);
    assert.deepEqual(changes, [[T, [lane]]]);
    assert.equal(typeof tenant, 'number');
    assert.equal(typeof version, 'number');
  });

  it('seals credentials, each for its own place', async () => {
    const { create, directory, box } = await world();
    await create({
      credentials: { secret: 'clear-text', previous_secret: 'b', previous_secret_invalid_at: '2099-01-01T00:00:00Z' },
    });
    const row = await directory.findDestination(T, D);
    assert.ok(row !== null);
    assert.ok(!JSON.stringify(row).includes('clear-text'), 'a credential is sealed before it is stored');
    assert.throws(() => openCredentials(box, { ...row, id: destinationId('other') }));
    assert.throws(() => openCredentials(box, { ...row, tenantId: tenantId('other') }));
    assert.throws(() =>
      openCredentials(box, { ...row, credentials: { previous_secret: row.credentials['secret'] ?? '' } }),
    );
  });

  it('makes an id where none is given', async () => {
    const { create } = await world();
    assert.match((await create({ id: null })).id, /^des_\d+$/);
    assert.match((await create({ id: '' })).id, /^des_\d+$/);
  });

  it('checks in the order of the contract, and the first stage that fails is told', async () => {
    const { create } = await world();
    const future = { createdAtMs: START_MS + 1, updatedAtMs: START_MS + 1, disabledAtMs: START_MS + 1 };
    const bad = { ...future, type: 'nope', topics: ['bad'], config: {} };
    await invalid(create({ type: null, topics: null, createdAtMs: 1 }, 'tenant'), [
      'type is required',
      'topics is required',
    ]);
    await invalid(create({ type: '' }), ['type is required']);
    await refused(create(bad, 'tenant'), 'forbidden', {
      message: 'created_at and updated_at can only be set with API key authentication',
    });
    await says(create(bad), 'created_at cannot be in the future');
    await says(create({ ...bad, createdAtMs: null }), 'updated_at cannot be in the future');
    await says(create({ ...bad, createdAtMs: null, updatedAtMs: null }), 'disabled_at cannot be in the future');
    await says(create({ type: 'nope', topics: ['bad'] }), 'validation failed: invalid topics');
    await says(create({ topics: [] }), 'validation failed: invalid topics');
    await says(create({ type: 'nope' }), 'no provider registered for destination type: nope');
    await invalid(create({ config: null, credentials: { rotate_secret: 'true' } }), ['config.url is required']);
    await invalid(create({ credentials: { rotate_secret: 'true' } }), [
      'credentials.rotate_secret failed invalid validation',
    ]);
    await invalid(create({ credentials: { secret: 'x' } }, 'tenant'), ['credentials.secret is forbidden']);
    await create();
    await refused(create(), 'destination_exists', { message: 'destination already exists' });
    await create({ id: '2' });
    await create({ id: '3', disabledAtMs: START_MS });
    await refused(create(), 'destination_exists');
    await refused(create({ id: '4' }), 'destination_quota', {
      message: 'maximum number of destinations per tenant reached',
    });
    await refused(create({}, 'admin', tenantId('gone')), 'tenant_not_found', { message: 'tenant not found' });
  });

  it('collects all broken fields of a type', async () => {
    const { create } = await world();
    await invalid(create({ type: 'broker', config: {} }), [
      'config.server is required',
      'credentials.username is required',
      'credentials.password is required',
    ]);
  });

  it('writes header names in lower case into its sentences', async () => {
    const { create } = await world();
    const config = { url: 'https://x', custom_headers: '{"Host":"x","X-Empty":""}' };
    await invalid(create({ config }), [
      'config.custom_headers.host is forbidden',
      'config.custom_headers.x-empty is required',
    ]);
  });

  it('takes times from the operator, and disabled_at from anyone', async () => {
    const { create } = await world();
    const first = await create({ createdAtMs: 5 });
    assert.deepEqual([first.createdAtMs, first.updatedAtMs], [5, 5]);
    const second = await create({ id: '2', updatedAtMs: 7 });
    assert.deepEqual([second.createdAtMs, second.updatedAtMs], [START_MS, 7]);
    const third = await create({ id: '3', disabledAtMs: 9 }, 'tenant');
    assert.deepEqual([third.createdAtMs, third.disabledAtMs], [START_MS, 9]);
  });

  it('normalises topics', async () => {
    const { create } = await world();
    const topics = ['user.updated', 'user.created', 'user.updated'];
    assert.deepEqual((await create({ topics })).topics, ['user.updated', 'user.created']);
  });

  it('keeps the text of a filter, and none for an empty object', async () => {
    const { create } = await world();
    const filter = '{ "data": {"n": 12345678901234567890} }';
    assert.equal((await create({ filter })).filter, filter);
    assert.equal((await create({ id: '2', filter: ' { } ' })).filter, null);
  });

  it('refuses a filter that does not compile and says where', async () => {
    const { create } = await world();
    await invalid(create({ filter: '{"data":{"a":{"$foo":1}}}' }), ['filter.data.a.$foo there is no such operator']);
    await invalid(create({ filter: '[]' }), ['a filter must be an object']);
  });

  it('refuses ids that can not be addressed (field case 16)', async () => {
    const { create } = await world();
    for (const id of ['a/b', '.', '..', 'a\0', '\ud800', 'x'.repeat(256)]) {
      await refused(create({ id }), 'invalid_request', { message: 'validation error' });
    }
    await invalid(create({ id: 'a/b' }), ['id must not contain a slash']);
    assert.equal((await create({ id: 'sp ace:é%' })).id, 'sp ace:é%');
  });

  it('refuses texts that no store keeps alike (field case 21)', async () => {
    const { create } = await world();
    await invalid(create({ metadata: { A: 'x\0' } }), ['metadata.a must not contain U+0000']);
    await invalid(create({ deliveryMetadata: { a: '\ud83d' } }), ['delivery_metadata.a must be well-formed Unicode']);
    await invalid(create({ metadata: { 'k\0': 'x' } }), ['a key of metadata must not contain U+0000']);
    await invalid(create({ config: { url: 'https://x', extra: '\0' } }), ['config.extra must not contain U+0000']);
    await invalid(create({ credentials: { secret: '\0' } }), ['credentials.secret must not contain U+0000']);
    const open = await world({ topics: { configured: [], allowWildcards: false } });
    await says(open.create({ topics: ['a\0'] }), 'validation failed: invalid topics');
  });

  it('keeps keys that objects have by themselves as what they are', async () => {
    const { create, patch } = await world();
    const metadata = JSON.parse('{"__proto__":"p","constructor":"c"}') as Record<string, string>;
    assert.deepEqual(Object.entries((await create({ metadata })).metadata ?? {}), Object.entries(metadata));
    const patched = await patch({ metadata: JSON.parse('{"__proto__":"q"}') as Record<string, string> });
    assert.deepEqual(Object.entries(patched.metadata ?? {}), [
      ['__proto__', 'q'],
      ['constructor', 'c'],
    ]);
  });
});
