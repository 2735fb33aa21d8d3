import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { event, eventQuery } from '../../../test/conformance/builders.ts';
import { tenantId } from '../../domain/ids.ts';
import { openEngine } from './engine.ts';
import { historyIndexer } from './history-index.ts';
import type { Operations } from './operations.ts';
import { scanReader } from './threads-reads.ts';

const root = mkdtempSync(join(tmpdir(), 'outpost-slices-'));
after(() => rmSync(root, { recursive: true, force: true }));

describe('a list that is read in slices', () => {
  it('shows what there was at its start while events come in and the indexes fill between its slices', () => {
    const engine = openEngine({
      dataDir: mkdtempSync(join(root, 'store-')),
      secretCheck: new Uint8Array(32),
      nowMs: 0,
      randomBytes: (size) => new Uint8Array(size).fill(3),
    });
    try {
      const [made] = engine.apply([{ kind: 'putTenant', input: { id: tenantId('t1'), metadata: null, nowMs: 0 } }]);
      const { tenant } = made as Operations['putTenant'][1];
      const indexer = historyIndexer();
      let count = 0;
      const publishSome = (size: number): void => {
        engine.apply(
          Array.from({ length: size }, () => {
            const id = `e${count++}`;
            const of = event({ id, time: { ms: (count * 7919) % 1_000, nanos: 0 } });
            return {
              kind: 'accept' as const,
              input: { tenant: tenant.number, directoryVersion: null, event: of, matched: [], unmatched: [] },
            };
          }),
        );
      };
      publishSome(400);
      engine.maintain((db) => indexer.turn(db));
      engine.maintain((db) => indexer.turn(db));
      publishSome(300);
      const scope = { kind: 'tenant' as const, tenant: tenant.number };
      const list = scanReader(engine.db, engine.eventKeyKey).listEvents(eventQuery({ scope }));
      let slices = 0;
      for (let step = list.next(); ; step = list.next()) {
        if (step.done === true) {
          const expected = Array.from({ length: 700 }, (_, n) => ({ timeMs: ((n + 1) * 7919) % 1_000, seq: n + 1 }))
            .sort((a, b) => a.timeMs - b.timeMs || a.seq - b.seq)
            .map(({ seq }) => seq);
          assert.deepEqual(
            step.value.rows.map(({ seq }) => seq),
            expected,
          );
          break;
        }
        slices++;
        publishSome(20);
        engine.maintain((db) => indexer.turn(db));
      }
      assert.ok(slices >= 4, 'it took several slices');
    } finally {
      engine.close();
    }
  });
});
