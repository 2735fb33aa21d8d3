import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LaneNumber, type TenantId, tenantId } from '../domain/ids.ts';
import { AppError } from '../lib/errors.ts';
import { memoryStore } from '../stores/memory/store.ts';
import { tenantUseCases } from './tenants.ts';

const T = tenantId('t');

function world() {
  const { directory } = memoryStore({ randomBytes: (size) => new Uint8Array(size) });
  const changes: (readonly [TenantId, readonly LaneNumber[]])[] = [];
  const clock = { nowMs: 1_000, now: () => clock.nowMs };
  const tenants = tenantUseCases({ directory, clock, onChange: (tenant, lanes) => changes.push([tenant, lanes]) });
  const addDestination = async (id: string): Promise<LaneNumber> => {
    const settings = {
      topics: ['*'],
      filter: null,
      config: {},
      credentials: {},
      deliveryMetadata: null,
      metadata: null,
    };
    const draft = {
      ...settings,
      tenantId: T,
      id: id as never,
      type: 'x',
      createdAtMs: 1,
      updatedAtMs: 1,
      disabledAtMs: null,
    };
    const result = await directory.createDestination(draft, 10);
    assert.ok(result.kind === 'created');
    return result.destination.lane;
  };
  return { tenants, changes, clock, addDestination };
}

const refused = (work: Promise<unknown>, code: string, data: unknown = null) =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof AppError && error.code === code, String(error));
    assert.deepEqual(error.data, data);
    return true;
  });

describe('tenants', () => {
  it('are created once and replaced after that', async () => {
    const { tenants, clock } = world();
    assert.equal((await tenants.put(T, { plan: 'pro' })).created, true);
    clock.nowMs = 2_000;
    const { tenant, created } = await tenants.put(T, {});
    assert.equal(created, false);
    assert.deepEqual([tenant.metadata, tenant.createdAtMs, tenant.updatedAtMs], [null, 1_000, 2_000]);
    assert.deepEqual(await tenants.get(T), tenant);
  });

  it('are told about when they begin and end, with the lanes that ended', async () => {
    const { tenants, changes, addDestination } = world();
    await tenants.put(T, null);
    await tenants.put(T, null);
    const lanes = [await addDestination('a'), await addDestination('b')];
    await tenants.remove(T);
    assert.deepEqual(changes, [
      [T, []],
      [T, lanes],
    ]);
  });

  it('are not found once removed, or never made', async () => {
    const { tenants } = world();
    await tenants.put(T, null);
    await tenants.remove(T);
    await refused(tenants.get(T), 'tenant_not_found');
    await refused(tenants.remove(T), 'tenant_not_found');
    assert.equal(await tenants.find(T), null);
  });

  it('refuse ids and metadata that can not be kept (field cases 16 and 21)', async () => {
    const { tenants } = world();
    await refused(tenants.put(tenantId('x/y'), null), 'invalid_request', ['tenant_id must not contain a slash']);
    await refused(tenants.put(T, { a: '\0' }), 'invalid_request', ['metadata.a must not contain U+0000']);
    assert.equal(await tenants.find(T), null);
  });
});
