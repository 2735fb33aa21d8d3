import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { broker, D, invalid, refused, says, START_MS, T, world } from '../../test/support/destination-world.ts';
import { registry } from '../destinations/registry.ts';
import { destinationId, tenantId } from '../domain/ids.ts';
import type { UpdateResult } from '../ports/directory.ts';

const DAY_MS = 24 * 3_600_000;
const SECRET = /^whsec_[0-9a-f]{64}$/;

describe('changing a destination', () => {
  it('moves updated_at on every change, an empty one too, and tells who listens', async () => {
    const self = await world();
    const created = await self.create();
    self.nowMs += 1_000;
    const patched = await self.patch({});
    assert.deepEqual({ ...patched, version: 0 }, { ...created, updatedAtMs: START_MS + 1_000, version: 0 });
    assert.deepEqual(self.changes.at(-1), [T, [created.lane]]);
    assert.equal(self.changes.length, 2);
  });

  it('merges maps, replaces topics and filter, and clears with null', async () => {
    const { create, patch } = await world();
    await create({ metadata: { a: '1', c: '3' }, deliveryMetadata: { a: '1' }, filter: '{"data":{"x":1}}' });
    assert.deepEqual((await patch({ metadata: { a: null, b: '2' } })).metadata, { c: '3', b: '2' });
    assert.deepEqual((await patch({ metadata: {} })).metadata, { c: '3', b: '2' });
    assert.equal((await patch({ metadata: null })).metadata, null);
    assert.equal((await patch({ deliveryMetadata: { a: null } })).deliveryMetadata, null);
    assert.equal((await patch({ filter: '{"data":{"y":2}}' })).filter, '{"data":{"y":2}}');
    assert.equal((await patch({ filter: '{}' })).filter, null);
    assert.deepEqual((await patch({ topics: ['user.created'] })).topics, ['user.created']);
    assert.deepEqual((await patch({ topics: null })).topics, ['user.created']);
    const config = { custom_headers: '{"x-a":"1"}', extra: 'e' };
    assert.deepEqual((await patch({ config })).config, { url: 'https://example.test/hook', ...config });
    assert.deepEqual((await patch({ config: { extra: null, custom_headers: '' } })).config, {
      url: 'https://example.test/hook',
      custom_headers: '',
    });
  });

  it('disables as of a time, keeps, and enables with null', async () => {
    const { create, patch } = await world();
    await create();
    assert.equal((await patch({ disabledAtMs: 5 })).disabledAtMs, 5);
    assert.equal((await patch({ disabledAtMs: 6 })).disabledAtMs, 6);
    assert.equal((await patch({})).disabledAtMs, 6);
    assert.equal((await patch({ disabledAtMs: null })).disabledAtMs, null);
  });

  it('checks in the order of the contract', async () => {
    const self = await world();
    await self.create();
    const all = { topics: ['bad'], type: 'broker', filter: '5', disabledAtMs: START_MS + 1, config: { url: '' } };
    await refused(self.patch(all, 'admin', destinationId('x')), 'destination_not_found', {
      message: 'destination not found',
    });
    await says(self.patch(all), 'validation failed: invalid topics');
    await says(self.patch({ ...all, topics: null }), 'type cannot be updated');
    await says(self.patch({ disabledAtMs: START_MS + 1, config: { url: '' } }), 'disabled_at cannot be in the future');
    await says(self.patch({ topics: [] }), 'validation failed: invalid topics');
    for (const type of ['webhook', '', null]) await self.patch({ type });
    await invalid(self.patch({ config: null }), ['config.url is required']);
    await invalid(self.patch({ config: { url: null } }), ['config.url is required']);
    await invalid(self.patch({ config: { url: 'ftp://x' } }), ['config.url failed pattern validation']);
    await invalid(self.patch({ credentials: { secret: 'other' } }, 'tenant'), ['credentials.secret is forbidden']);
  });

  it('checks settings only when they are changed, so that stricter rules stop nobody', async () => {
    const self = await world();
    const credentials = { username: 'guest', password: 'p' };
    await self.create({ type: 'broker', config: { server: 'old' }, credentials });
    const config = broker.fields.config.map((field) => ({ ...field, pattern: '^new' }));
    const types = registry([{ ...broker, fields: { ...broker.fields, config } }]);
    const stricter = await world({ directory: self.directory, box: self.box, types });
    assert.deepEqual((await stricter.patch({ topics: ['user.created'], config: {} })).topics, ['user.created']);
    await invalid(stricter.patch({ credentials: { password: 'q' } }), ['config.server failed pattern validation']);
  });

  it('rotates the secret for a tenant', async () => {
    const self = await world();
    const { credentials } = await self.create();
    const rotated = (await self.patch({ credentials: { rotate_secret: 'true' } }, 'tenant')).credentials;
    assert.equal(rotated['previous_secret'], credentials['secret']);
    assert.match(rotated['secret'] ?? '', SECRET);
    assert.equal(rotated['previous_secret_invalid_at'], '2026-01-03T03:04:05Z');
    self.nowMs += DAY_MS + 1;
    assert.deepEqual((await self.destinations.get(T, D)).credentials, { secret: rotated['secret'] });
    // Hidden is not removed: a tenant that writes back what it reads changes nothing.
    await self.patch({ credentials: { secret: rotated['secret'] ?? '' } }, 'tenant');
    assert.deepEqual(await self.stored(), rotated);
  });

  it('lets the operator remove the secret', async () => {
    const self = await world();
    await self.create();
    assert.deepEqual((await self.patch({ credentials: null })).credentials, {});
    await invalid(self.patch({ credentials: { rotate_secret: '1' } }), ['credentials.secret is required']);
  });

  it('keeps what is stored when its mask is written back (field case 4)', async () => {
    const self = await world();
    const credentials = { username: 'guest', password: 'password-123' };
    const created = await self.create({ type: 'broker', config: { server: 'mq:5672' }, credentials });
    assert.deepEqual(created.credentials, { username: 'guest', password: 'pass********' });
    await self.patch({ config: { ...created.config, server: 'other' }, credentials: created.credentials });
    assert.deepEqual(await self.stored(), credentials);
    await self.patch({ credentials: { password: 'a*********b*' } });
    assert.equal((await self.stored())['password'], 'a*********b*');
    await invalid(self.patch({ credentials: { password: '' } }), ['credentials.password is required']);
    await invalid(self.patch({ credentials: null }), [
      'credentials.username is required',
      'credentials.password is required',
    ]);
  });

  it('keeps the password of a URL whose mask is written back (field cases 4 and 39)', async () => {
    const self = await world();
    const created = await self.create({ config: { url: 'https://u:p@example.test/a' } });
    assert.equal(created.config['url'], 'https://u:****@example.test/a');
    assert.equal(created.target, created.config['url']);
    const url = async (): Promise<string | undefined> => (await self.directory.findDestination(T, D))?.config['url'];
    await self.patch({ config: created.config });
    assert.equal(await url(), 'https://u:p@example.test/a');
    await self.patch({ config: { url: 'https://u:****@example.test/b' } });
    assert.equal(await url(), 'https://u:p@example.test/b');
    await invalid(self.patch({ config: { url: 'https://u:****@evil.test/b' } }), [
      'config.url failed masked validation',
    ]);
  });

  it('loses no change that others make at the same time', async () => {
    const self = await world();
    await self.create();
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => self.patch({ metadata: { [key]: '1' } })));
    assert.deepEqual((await self.destinations.get(T, D)).metadata, { a: '1', b: '1', c: '1', d: '1' });
  });

  it('gives up after five changes by others', async () => {
    const self = await world();
    await self.create();
    let tries = 0;
    const updateDestination = async (): Promise<UpdateResult> => {
      tries += 1;
      return { kind: 'stale' };
    };
    const busy = await world({ directory: { ...self.directory, updateDestination }, box: self.box });
    await refused(busy.patch({}), 'concurrent_change');
    assert.equal(tries, 5);
    assert.deepEqual(busy.changes, []);
  });
});

describe('reading and switching destinations', () => {
  it('lists by type and by topics, oldest first', async () => {
    const self = await world();
    await self.create({ id: 'all', createdAtMs: 3 });
    await self.create({ id: 'user', topics: ['user.created', 'user.updated'], createdAtMs: 1 });
    await self.create({
      id: 'mq',
      type: 'broker',
      config: { server: 's' },
      credentials: { username: 'u', password: 'p' },
      topics: ['order.created'],
      createdAtMs: 2,
    });
    const ids = async (types: string[] | null, topics: string[] | null): Promise<readonly string[]> =>
      (await self.destinations.list(T, { types, topics })).map(({ id }) => id);
    assert.deepEqual(await ids(null, null), ['user', 'mq', 'all']);
    assert.deepEqual(await ids(['broker', 'nope'], null), ['mq']);
    assert.deepEqual(await ids([], null), []);
    assert.deepEqual(await ids(null, ['user.created', 'user.updated']), ['user', 'all']);
    assert.deepEqual(await ids(null, ['user.created', 'order.created']), ['all']);
    assert.deepEqual(await ids(null, ['*']), ['all']);
    assert.deepEqual(await ids(null, ['']), ['user', 'mq', 'all']);
  });

  it('finds many at once, each once, leaving out what is gone', async () => {
    const self = await world();
    await self.create();
    await self.create({ id: '2' });
    const key = (id: string) => ({ tenant: T, id: destinationId(id) });
    const found = await self.destinations.findMany([key('2'), key('gone'), key('d'), key('2')]);
    assert.deepEqual(
      found.map(({ id }) => id),
      ['2', 'd'],
    );
    assert.deepEqual(await self.destinations.findMany([]), []);
  });

  it('disables once, keeping the first time and updated_at, and enables', async () => {
    const self = await world();
    const { lane } = await self.create();
    self.nowMs += 1;
    assert.equal((await self.destinations.setDisabled(T, D, true)).disabledAtMs, START_MS + 1);
    self.nowMs += 1;
    const again = await self.destinations.setDisabled(T, D, true);
    assert.deepEqual([again.disabledAtMs, again.updatedAtMs], [START_MS + 1, START_MS]);
    assert.equal((await self.destinations.setDisabled(T, D, false)).disabledAtMs, null);
    assert.deepEqual(self.changes.at(-1), [T, [lane]]);
  });

  it('removes, and inherits nothing when the id is made anew', async () => {
    const self = await world();
    const first = await self.create();
    await self.destinations.remove(T, D);
    assert.deepEqual(self.changes.at(-1), [T, [first.lane]]);
    await refused(self.destinations.get(T, D), 'destination_not_found');
    const second = await self.create();
    assert.notEqual(second.lane, first.lane);
    assert.notEqual(second.credentials['secret'], first.credentials['secret']);
  });

  it('tells a destination that is gone from a tenant that is', async () => {
    const self = await world();
    const { destinations } = self;
    const gone = tenantId('gone');
    for (const [tenant, code] of [
      [T, 'destination_not_found'],
      [gone, 'tenant_not_found'],
    ] as const) {
      await refused(destinations.get(tenant, D), code);
      await refused(destinations.patch(tenant, D, {}, 'admin'), code);
      await refused(destinations.setDisabled(tenant, D, true), code);
      await refused(destinations.remove(tenant, D), code);
    }
    await refused(destinations.list(gone, { types: null, topics: null }), 'tenant_not_found');
    assert.deepEqual(await destinations.list(T, { types: null, topics: null }), []);
    assert.deepEqual(self.changes, []);
  });
});
