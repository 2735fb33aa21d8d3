/**
 * How SQLite finds the rows of every statement that the engine prepares, as EXPLAIN QUERY PLAN tells. The planner is
 * given no statistics, so what holds on an empty store holds on one with millions of rows.
 */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { failed } from '../../domain/attempt.ts';
import { destinationId } from '../../domain/ids.ts';
import { ACME, type EngineWorld, NOW, engineWorld, withDirectory } from '../../../test/support/sqlite-engine.ts';

/** Read as a whole on purpose: bounded by a limit or by what one tenant may have, or asked once at start. */
const MAY_SCAN = [
  /^select (name|sql) .*from sqlite_schema/i,
  // The gauge's first thousand ready lanes.
  /^select number from lane where turn is not null and state = 0 limit \?/,
];

/** Runs every kind of operation and answers what was prepared on the way. */
function preparedTexts(path: string): readonly string[] {
  const texts = new Set<string>();
  const prepare = DatabaseSync.prototype.prepare;
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string) {
    texts.add(sql.trim());
    return prepare.call(this, sql);
  };
  try {
    const world = engineWorld(path);
    everyOperation(world);
    world.engine.close();
  } finally {
    DatabaseSync.prototype.prepare = prepare;
  }
  return [...texts];
}

function everyOperation(world: EngineWorld): void {
  world.putTenant();
  world.createDestination();
  const of = world.handOver({ id: 'x' });
  world.publish({ id: 'x' });
  world.publish({ directoryVersion: null });
  world.settle(of, failed('500'));
  world.settle(of, failed('500'));
  const retry = { tenant: of.tenant, event: of.event, lane: of.lane, nowMs: NOW, slotReserved: false };
  world.apply('retry', retry);
  world.apply('release', { leases: world.claim({ room: 4 }).leases, nowMs: NOW });
  world.engine.oldestDueAgeMs(NOW);
  world.apply('recover', { limit: 5, nowMs: NOW });
  world.apply('setDisabled', { tenant: ACME, id: destinationId('d1'), disabledAtMs: NOW });
  world.apply('deleteDestination', { tenant: ACME, id: destinationId('d1') });
  world.apply('removeDeleted', { limit: 1, nowMs: NOW });
}

describe('the plans of the engine', () => {
  it(
    'seek in every statement, without a scan of a table or a sort',
    withDirectory((path) => {
      const texts = preparedTexts(path);
      assert.ok(texts.length > 60, `${texts.length} statements were prepared`);
      const world = engineWorld(path);
      const bad: string[] = [];
      let explained = 0;
      for (const sql of texts) {
        if (!/^\s*(select|insert|update|delete)/i.test(sql) || /select total_changes/.test(sql)) continue;
        if (MAY_SCAN.some((allowed) => allowed.test(sql))) continue;
        const plan = world.rows(`explain query plan ${sql.replaceAll('?', '1')}`).map((row) => String(row['detail']));
        explained += 1;
        if (plan.some((step) => /^SCAN(?! CONSTANT)|TEMP B-TREE/.test(step)))
          bad.push(`${sql}\n    ${plan.join('\n    ')}`);
      }
      world.engine.close();
      assert.ok(explained > 50, `${explained} plans were read`);
      assert.deepEqual(bad, []);
    }),
  );

  it(
    'find the next due delivery of a lane, the next lane of a tenant and the next tenant by their own index',
    withDirectory((path) => {
      const world = engineWorld(path);
      const planOf = (sql: string): string =>
        world
          .rows(`explain query plan ${sql.replaceAll('?', '1')}`)
          .map((row) => String(row['detail']))
          .join('; ');
      const prepared = preparedTexts(`${path}/other`);
      const textOf = (part: RegExp): string =>
        prepared.find((sql) => part.test(sql)) ?? assert.fail(`no ${String(part)}`);
      const due = planOf(textOf(/from live\s+where lane = \? and state < 2 and \(due, event\) >/));
      assert.match(due, /SEARCH live USING INDEX live_due \(lane=\? AND \(due,event\)>/);
      assert.match(
        planOf(textOf(/select event from live where lane = \? and state < 2 and due <= \?/)),
        /SEARCH live USING (COVERING )?INDEX live_due \(lane=\? AND due</,
      );
      assert.match(planOf(textOf(/\(turn, number\) >/)), /SEARCH lane USING INDEX lane_ready \(tenant=\? AND turn>/);
      assert.match(planOf(textOf(/\(tag, number\) >/)), /SEARCH tenant USING (COVERING )?INDEX tenant_ready \(tag>/);
      assert.match(planOf(textOf(/wake_at <= \?/)), /SEARCH lane USING INDEX lane_asleep \(wake_at>\? AND wake_at</);
      assert.match(planOf(textOf(/min\(wake_at\)/)), /SEARCH lane USING COVERING INDEX lane_asleep/);
      world.engine.close();
    }),
  );
});
