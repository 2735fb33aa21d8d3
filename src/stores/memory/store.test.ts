import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  claimEvery,
  event,
  NOW,
  offer,
  publish,
  publishLeased,
  putTenant,
  recoverAll,
  settle,
  setUp,
  type World,
} from '../../../test/conformance/builders.ts';
import { tenantId } from '../../domain/ids.ts';
import { memoryState } from './state.ts';
import { memoryStore } from './store.ts';

const randomBytes = (size: number): Uint8Array => new Uint8Array(size).fill(7);

/** Two store objects over one state, the first one with a lease and something waiting. */
async function crashed(): Promise<{ old: World; anew: World; lease: Awaited<ReturnType<typeof publishLeased>> }> {
  const state = memoryState(randomBytes);
  const worldOf = (): World => ({ store: memoryStore({ randomBytes, state }), reopen: () => assert.fail('not asked') });
  const old = worldOf();
  await setUp(old);
  const lease = await publishLeased(old, { id: 'e1' });
  await publish(old, { id: 'e2' });
  return { old, anew: worldOf(), lease };
}

describe('memory store', () => {
  it('takes an earlier life’s settle as late, recovered or not', async () => {
    const { old, anew, lease } = await crashed();
    assert.equal((await settle(old, lease)).state, 'late', 'a lease dies with the life that took it');
    assert.equal(await recoverAll(anew), 1, 'a late settle takes nothing from recovery');
    assert.equal((await claimEvery(anew)).length, 2);
  });

  it('gives an earlier life nothing and takes nothing back from it', async () => {
    const { old, anew, lease } = await crashed();
    assert.deepEqual(await claimEvery(old), [], 'an earlier life claims nothing');
    await old.store.ledger.release([lease], NOW);
    assert.equal(await recoverAll(anew), 1, 'an earlier life releases nothing');
  });

  it('rejects what else an earlier life would write', async () => {
    const { old } = await crashed();
    await assert.rejects(offer(old, { event: event({ id: 'e3' }) }), /earlier life/);
    await assert.rejects(putTenant(old, 'other'), /earlier life/);
  });

  it('rejects writes once it is closed, and closes twice', async () => {
    const store = memoryStore({ randomBytes });
    await store.close();
    await store.close();
    await assert.rejects(store.directory.putTenant(tenantId('x'), null, NOW), /closed/);
  });

  it('applies a call before it returns', async () => {
    const { anew } = await crashed();
    const first = anew.store.directory.putTenant(tenantId('x'), null, NOW);
    const second = anew.store.directory.findTenant(tenantId('x'));
    assert.equal((await second)?.number, (await first).tenant.number);
  });
});
