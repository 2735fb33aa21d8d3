import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tenantId, tenantNumber } from '../domain/ids.ts';
import type { Roster } from '../domain/roster.ts';
import { rosterCache } from './roster-cache.ts';

const TENANT = tenantId('t');
const roster = (version: number): Roster => ({ tenant: tenantNumber(1), version, destinations: [] });

/** A directory whose answers come when the test says so. */
function slowDirectory() {
  const waiting: ((answer: Roster | null) => void)[] = [];
  return {
    waiting,
    roster: () => new Promise<Roster | null>((resolve) => void waiting.push(resolve)),
  };
}

describe('roster cache', () => {
  it('loads once for callers that come at the same time, and keeps the answer', async () => {
    const directory = slowDirectory();
    const cache = rosterCache(directory);
    const both = [cache.get(TENANT), cache.get(TENANT)];
    directory.waiting[0]!(roster(1));
    assert.deepEqual(
      (await Promise.all(both)).map((each) => each?.version),
      [1, 1],
    );
    assert.equal((await cache.get(TENANT))?.version, 1);
    assert.equal(directory.waiting.length, 1);
  });

  it('does not keep what it began to load before the tenant was forgotten', async () => {
    const directory = slowDirectory();
    const cache = rosterCache(directory);
    const early = cache.get(TENANT);
    cache.forget(TENANT);
    const late = cache.get(TENANT);
    directory.waiting[1]!(roster(2));
    directory.waiting[0]!(roster(1));
    assert.equal((await early)?.version, 1);
    assert.equal((await late)?.version, 2);
    assert.equal((await cache.get(TENANT))?.version, 2);
  });

  it('asks anew for a tenant that was not there', async () => {
    const directory = slowDirectory();
    const cache = rosterCache(directory);
    const first = cache.get(TENANT);
    directory.waiting[0]!(null);
    assert.equal(await first, null);
    void cache.get(TENANT);
    assert.equal(directory.waiting.length, 2);
  });

  it('asks anew after a load that failed', async () => {
    let calls = 0;
    const cache = rosterCache({
      roster: async () => {
        calls += 1;
        if (calls === 1) throw new Error('no');
        return roster(3);
      },
    });
    await assert.rejects(cache.get(TENANT));
    assert.equal((await cache.get(TENANT))?.version, 3);
  });
});
