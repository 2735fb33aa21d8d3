/**
 * Fills the file of a stopped server with events that were delivered long ago: rows, keys and indexes as the server
 * would have written them, in order, by a few statements. Keys are random, so that a publish meets an index of the
 * right size.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const DATA = `{"padding":"${'x'.repeat(920)}"}`;
const DAY_MS = 86_400_000;

export function fillStore(dataDir: string, events: number): void {
  const db = new DatabaseSync(join(dataDir, 'store.db'));
  try {
    db.exec('pragma synchronous = off; pragma cache_size = -262144; begin immediate');
    const nowMs = Date.now();
    const from = Number(db.prepare('select coalesce(max(seq), 0) as n from event').get()?.['n']);
    const spread = `${nowMs - DAY_MS} + cast(n * ${DAY_MS / events} as integer)`;
    const lanes = Number(db.prepare('select count(*) as n from lane').get()?.['n']);
    const numbers = `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${events})`;
    // Lane n belongs to tenant n: the bench makes one destination a tenant.
    const lane = `1 + n % ${lanes}`;
    db.prepare(
      `insert into event (seq, tenant, id, topic, accepted_at, time, time_nanos, digest, eligible, destination_id, lanes,
         no_match, metadata, data)
       ${numbers}
       select ${from} + n, ${lane}, 'old_' || n, 'user.created', ${spread}, ${spread}, 0, ?, 1, null,
         '[' || (${lane}) || ']', null, null, ? from numbers`,
    ).run(randomBytes(32), Buffer.from(DATA));
    db.exec(`insert into attempt (seq, event, lane, tenant, n, kind, trigger, lease, succeeded, code, started_at,
         finished_at, response)
       select seq, seq, tenant, tenant, 1, 0, 0, 1, 1, '200', time, time + 3, cast('{"status":200,"body":""}' as blob)
       from event where seq > ${from}`);
    db.exec(`create temp table keys as select abs(random()) >> 11 as hash, seq from event where seq > ${from};
       insert or ignore into event_key (hash, seq) select hash, seq from keys order by hash, seq;
       drop table keys`);
    for (const fill of [
      'event_by_tenant select tenant, time, seq from event where seq > ? order by 1, 2, 3',
      'event_by_time select time, seq from event where seq > ? order by 1, 2',
      'attempt_by_tenant select tenant, finished_at, seq from attempt where seq > ? order by 1, 2, 3',
      'attempt_by_lane select lane, finished_at, seq from attempt where seq > ? order by 1, 2, 3',
      'attempt_by_time select finished_at, seq from attempt where seq > ? order by 1, 2',
      'attempt_by_event select event, seq from attempt where seq > ? order by 1, 2',
    ]) {
      const table = fill.split(' ')[0]!;
      db.prepare(`insert or ignore into ${fill}`).run(from);
      db.prepare(
        `insert into meta (name, value) values (?, ?) on conflict (name) do update set value = excluded.value`,
      ).run(`indexed:${table}`, from + events);
    }
    db.exec('commit');
    db.prepare('pragma wal_checkpoint(truncate)').all();
  } finally {
    db.close();
  }
}
