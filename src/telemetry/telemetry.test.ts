import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { LedgerStats } from '../ports/ledger.ts';
import { logAttempts } from './attempt-lines.ts';
import { type AttemptMoment, CHANNELS } from './channels.ts';
import { type LogLevel, logger } from './logger.ts';
import { codeClass, type Metrics, metrics } from './metrics.ts';
import { metricsServer } from './metrics-server.ts';

const STATS: LedgerStats = {
  waiting: 7,
  oldestDueAgeMs: 1_500,
  commits: 40,
  commitSecondsSum: 0.25,
  rowsChanged: 100,
  indexRowsChanged: 30,
  walFrames: null,
  claimLooked: 9,
  claimLeased: 8,
};
const ATTEMPT: AttemptMoment = {
  tenantId: 't',
  destinationId: 'd',
  destinationType: 'webhook',
  eventId: 'e',
  topic: 'order.created',
  number: 2,
  trigger: 'schedule',
  succeeded: true,
  code: '204',
  state: 'succeeded',
  durationMs: 12.34,
  dueMs: null,
};

function metricsOf(stats: () => Promise<LedgerStats>): Metrics {
  return metrics({
    stats,
    inFlight: () => 3,
    process: { cpuSeconds: () => 1.5, residentBytes: () => 2 ** 20, uptimeSeconds: () => 60 },
  });
}

describe('metrics', () => {
  let counted: Metrics;
  beforeEach(() => {
    counted = metricsOf(async () => STATS);
  });
  afterEach(() => counted.close());

  const attempted = (change: Partial<AttemptMoment>): void =>
    channel('delivery.attempted').publish({ ...ATTEMPT, ...change });
  const accepted = (change: object): void =>
    channel('publish.accepted').publish({ duplicate: false, destinations: 1, reason: null, ...change });
  async function series(name: string): Promise<readonly string[]> {
    return (await counted.render()).split('\n').filter((line) => line.startsWith(name));
  }

  it('count publishes by what became of them', async () => {
    accepted({});
    accepted({ destinations: 0 });
    accepted({ duplicate: true });
    accepted({ destinations: 0, reason: 'tenant_not_found' });
    accepted({});
    assert.deepEqual(await series('outpost_events_accepted_total'), [
      'outpost_events_accepted_total{result="stored"} 2',
      'outpost_events_accepted_total{result="unmatched"} 1',
      'outpost_events_accepted_total{result="duplicate"} 1',
      'outpost_events_accepted_total{result="unknown_tenant"} 1',
    ]);
  });

  it('count attempts by outcome, class of code and trigger, and measure them', async () => {
    attempted({});
    attempted({ durationMs: 800, succeeded: false, code: '503', state: 'waiting' });
    attempted({ durationMs: 60_000, succeeded: false, code: 'timeout', state: 'late', trigger: 'manual' });
    assert.deepEqual(await series('outpost_attempts_total'), [
      'outpost_attempts_total{outcome="succeeded",code="2xx",trigger="schedule"} 1',
      'outpost_attempts_total{outcome="failed",code="5xx",trigger="schedule"} 1',
      'outpost_attempts_total{outcome="late",code="timeout",trigger="manual"} 1',
    ]);
    const durations = await series('outpost_attempt_duration_seconds');
    assert.ok(durations.includes('outpost_attempt_duration_seconds_bucket{le="0.01"} 0'));
    assert.ok(durations.includes('outpost_attempt_duration_seconds_bucket{le="0.025"} 1'));
    assert.ok(durations.includes('outpost_attempt_duration_seconds_bucket{le="1"} 2'));
    assert.ok(durations.includes('outpost_attempt_duration_seconds_bucket{le="30"} 2'));
    assert.ok(durations.includes('outpost_attempt_duration_seconds_bucket{le="+Inf"} 3'));
    assert.ok(durations.includes('outpost_attempt_duration_seconds_sum 60.81234'));
    assert.ok(durations.includes('outpost_attempt_duration_seconds_count 3'));
  });

  it('never let an answer make a series', () => {
    const classes = ['200', '999', 'timeout', 'x"}\n', '<script>', '2000'].map(codeClass);
    assert.deepEqual(classes, ['2xx', 'other', 'timeout', 'other', 'other', 'other']);
  });

  it('read what the store and the process know, and leave out what there is not', async () => {
    const text = await counted.render();
    for (const line of [
      'outpost_deliveries_waiting 7',
      'outpost_deliveries_in_flight 3',
      'outpost_oldest_due_age_seconds 1.5',
      'outpost_commits_total 40',
      'outpost_commit_seconds_total 0.25',
      'outpost_store_rows_changed_total 100',
      'outpost_store_index_rows_changed_total 30',
      'outpost_store_up 1',
      'process_cpu_seconds_total 1.5',
      'process_resident_memory_bytes 1048576',
    ]) {
      assert.ok(text.includes(`\n${line}\n`), line);
    }
    assert.doesNotMatch(text, /outpost_wal_frames/);
  });

  it('say so, and go on, when the store does not answer', async () => {
    counted.close();
    counted = metricsOf(() => Promise.reject(new Error('gone')));
    const text = await counted.render();
    assert.match(text, /\noutpost_store_up 0\n/);
    assert.match(text, /\nprocess_cpu_seconds_total 1.5\n/);
    assert.doesNotMatch(text, /outpost_deliveries_waiting/);
  });

  it('are text that a scraper can read: a head for each metric, then its series, nothing twice', async () => {
    attempted({});
    accepted({});
    const text = await counted.render();
    assert.ok(text.endsWith('\n'));
    let current = '';
    const heads: string[] = [];
    for (const line of text.trimEnd().split('\n')) {
      const head = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line);
      if (head !== null) heads.push((current = head[1]!));
      else if (!line.startsWith('# HELP ')) {
        assert.match(line, /^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+-]+$/);
        assert.ok(line.startsWith(current), `${line} stands under ${current}`);
      }
    }
    assert.equal(new Set(heads).size, heads.length);
  });

  it('count nothing after they were closed', async () => {
    counted.close();
    accepted({});
    assert.deepEqual(await series('outpost_events_accepted_total'), []);
  });
});

describe('the metrics listener', () => {
  it('serves GET /metrics and nothing else', async () => {
    const server = metricsServer(async () => 'a 1\n');
    const url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
    try {
      const reply = await fetch(`${url}/metrics`);
      assert.equal(reply.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
      assert.equal(await reply.text(), 'a 1\n');
      assert.equal((await fetch(`${url}/`)).status, 404);
      assert.equal((await fetch(`${url}/metrics`, { method: 'POST' })).status, 405);
    } finally {
      await server.close();
      await server.close();
    }
  });

  it('answers 500 when the text can not be made', async () => {
    const server = metricsServer(() => Promise.reject(new Error('a secret')));
    const url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
    try {
      const reply = await fetch(`${url}/metrics`);
      assert.equal(reply.status, 500);
      assert.doesNotMatch(await reply.text(), /secret/);
    } finally {
      await server.close();
    }
  });
});

describe('the log', () => {
  function logTo(level: LogLevel) {
    const lines: Record<string, unknown>[] = [];
    const log = logger(level, { write: (text) => lines.push(JSON.parse(text)) });
    return { log, lines };
  }

  it('has level, RFC 3339 time and the fields as given', () => {
    const { log, lines } = logTo('info');
    log.write('warn', { event: 'x', tenant_id: 't' });
    const { time, ...rest } = lines[0]!;
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(rest, { level: 'warn', event: 'x', tenant_id: 't' });
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = logTo('warn');
    log.write('info', { event: 'x' });
    assert.deepEqual([lines.length, log.takes('info'), log.takes('error')], [0, false, true]);
  });

  it('shows the stack of an error and that of its cause', () => {
    const { log, lines } = logTo('info');
    log.write('error', { event: 'x', error: new Error('outer', { cause: new Error('inner') }) });
    const error = lines[0]!['error'] as Record<string, unknown>;
    assert.match(String(error['stack']), /telemetry\.test/);
    assert.match(JSON.stringify(error['cause']), /inner/);
  });

  it('has one wide line for each attempt, until it is told to end', () => {
    const { log, lines } = logTo('info');
    const end = logAttempts(log);
    channel('delivery.attempted').publish({
      ...ATTEMPT,
      succeeded: false,
      code: 'timeout',
      state: 'waiting',
      dueMs: 0,
    });
    end();
    channel('delivery.attempted').publish(ATTEMPT);
    assert.equal(lines.length, 1);
    const { time: _time, ...line } = lines[0]!;
    assert.deepEqual(line, {
      level: 'info',
      event: 'attempt',
      tenant_id: 't',
      destination_id: 'd',
      destination_type: 'webhook',
      event_id: 'e',
      topic: 'order.created',
      attempt: 2,
      trigger: 'schedule',
      outcome: 'failed',
      code: 'timeout',
      state: 'waiting',
      duration_ms: 12.3,
      next_attempt_at: '1970-01-01T00:00:00.000Z',
    });
  });

  it('does not subscribe when nobody would read the lines', () => {
    const { log } = logTo('warn');
    const end = logAttempts(log);
    assert.equal(channel('delivery.attempted').hasSubscribers, false);
    end();
  });
});

describe('docs/telemetry.md', () => {
  const page = readFileSync(new URL('../../docs/telemetry.md', import.meta.url), 'utf8');

  it('lists every metric with its kind, labels and meaning, and no other', () => {
    const { registry, close } = metricsOf(async () => STATS);
    close();
    const rows = registry.facts.map(
      ({ name, kind, labels, help }) =>
        `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
    );
    const listed = page.split('\n').filter((line) => /^\| `(outpost|process)_/.test(line));
    assert.deepEqual(listed, rows);
  });

  it('lists every channel that telemetry reads', () => {
    for (const name of CHANNELS) assert.ok(page.includes(`| \`${name}\` |`), name);
  });
});
