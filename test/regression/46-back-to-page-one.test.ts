/** Promise: a list that is walked back after rows were added in front repeats nothing, skips nothing and says what follows. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PageOf } from '../support/api-client.ts';
import { type ComposedServer, composedServer, PROFILES } from '../support/composed-server.ts';

type Row = { readonly id: string };

for (const profile of PROFILES) {
  describe(`going back to page one (${profile})`, { timeout: 30_000 }, () => {
    let server: ComposedServer;
    before(async () => {
      server = await composedServer({ profile });
    });
    after(() => server.stop());

    for (const dir of ['desc', 'asc'] as const) {
      it(`field case 46: after inserts repeats no row and skips none (${dir})`, async () => {
        const tenant = `owner ${dir}`;
        await server.putTenant(tenant);
        const publish = async (numbers: readonly number[]): Promise<void> => {
          for (const n of numbers) {
            // In front means newer for one direction and older for the other.
            const minute = String(dir === 'desc' ? n : 59 - n).padStart(2, '0');
            await server.publish({ id: `${dir} ${n}`, tenant_id: tenant, time: `2026-01-01T00:${minute}:00Z` });
          }
        };
        const page = async (cursor: string): Promise<PageOf<Row>> => {
          const query = `tenant_id=${encodeURIComponent(tenant)}&limit=2&dir=${dir}${cursor}`;
          return (await server.expect(200, 'GET', `/events?${query}`)).json();
        };
        const ids = (one: PageOf<Row>): string[] => one.models.map((row) => row.id);
        const named = (...numbers: readonly number[]): string[] => numbers.map((n) => `${dir} ${n}`);

        await publish([1, 2, 3, 4, 5]);
        const first = await page('');
        assert.deepEqual([ids(first), first.pagination.prev], [named(5, 4), null]);
        const second = await page(`&next=${first.pagination.next}`);
        assert.deepEqual(ids(second), named(3, 2));
        await publish([6, 7, 8]);
        const back = await page(`&prev=${second.pagination.prev}`);
        assert.deepEqual(ids(back), named(5, 4));
        const further = await page(`&prev=${back.pagination.prev}`);
        assert.deepEqual(ids(further), named(7, 6));
        const partial = await page(`&prev=${further.pagination.prev}`);
        assert.deepEqual([ids(partial), partial.pagination.prev], [named(8), null]);
        const forth = await page(`&next=${partial.pagination.next}`);
        assert.deepEqual(ids(forth), named(7, 6));
      });
    }
  });
}
