/**
 * The metrics of the product: counted from diagnostics channels, read from the store when somebody asks for them.
 * docs/telemetry.md lists them, and a test compares the two.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { TRANSPORT_CODES } from '../domain/attempt.ts';
import type { LedgerStats } from '../ports/ledger.ts';
import type { AttemptMoment, InterruptionMoment, PublishMoment } from './channels.ts';
import { type MetricRegistry, metricRegistry } from './metric-registry.ts';

/** Upper bounds in seconds: a fast endpoint, a slow one, the usual timeouts. */
const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Codes that are not of HTTP; any other text is `other`, so that no answer can make a series. */
const CODES: ReadonlySet<string> = new Set([...TRANSPORT_CODES, 'internal', 'ERR', 'interrupted', 'late']);

/** What is asked of the running program for each rendering. */
export interface MetricSources {
  stats(): Promise<LedgerStats>;
  /** Attempts under way. */
  inFlight(): number;
  process: {
    /** User and system time of all threads. */
    cpuSeconds(): number;
    residentBytes(): number;
    uptimeSeconds(): number;
  };
}

export interface Metrics {
  /** Resolves to the text for Prometheus. Where the store doesn't answer its metrics are left out. */
  render(): Promise<string>;
  readonly registry: MetricRegistry;
  /** Stops counting. */
  close(): void;
}

export function metrics(sources: MetricSources): Metrics {
  const registry = metricRegistry();
  const end = countChannels(registry);
  let stats: LedgerStats | null = null;
  declareGauges(registry, sources, () => stats);
  let rendering: Promise<string> | null = null;
  async function renderNow(): Promise<string> {
    stats = await sources.stats().catch(() => null);
    return registry.render();
  }
  return {
    registry,
    close: end,
    /** Readers at the same time share one question to the store. */
    render() {
      rendering ??= renderNow().finally(() => {
        rendering = null;
      });
      return rendering;
    },
  };
}

/** Counts what is published. @returns what ends it */
function countChannels(registry: MetricRegistry): () => void {
  const published = registry.counter({
    name: 'outpost_events_accepted_total',
    labels: ['result'],
    help: 'Publishes answered with 202, by what became of them: stored, unmatched, duplicate, unknown_tenant.',
  });
  const attempts = registry.counter({
    name: 'outpost_attempts_total',
    labels: ['outcome', 'code', 'trigger'],
    help: 'Attempts in the log, by outcome, class of code (2xx, 5xx, timeout, …) and trigger (schedule, manual).',
  });
  const interrupted = registry.counter({
    name: 'outpost_attempts_interrupted_total',
    labels: [],
    help: 'Attempts whose process died before their outcome was known, found by this start.',
  });
  const durations = registry.histogram(
    { name: 'outpost_attempt_duration_seconds', help: 'Time of one attempt, from its start to its outcome.' },
    DURATION_BOUNDS,
  );
  const onPublish = (message: unknown): void => published.add(1, { result: resultOf(message as PublishMoment) });
  const onAttempt = (message: unknown): void => {
    const attempt = message as AttemptMoment;
    const outcome = attempt.state === 'late' ? 'late' : attempt.succeeded ? 'succeeded' : 'failed';
    attempts.add(1, { outcome, code: codeClass(attempt.code), trigger: attempt.trigger });
    durations.observe(attempt.durationMs / 1_000);
  };
  const onInterruption = (message: unknown): void => interrupted.add((message as InterruptionMoment).count, {});
  subscribe('publish.accepted', onPublish);
  subscribe('delivery.attempted', onAttempt);
  subscribe('delivery.interrupted', onInterruption);
  return () => {
    unsubscribe('delivery.interrupted', onInterruption);
    unsubscribe('publish.accepted', onPublish);
    unsubscribe('delivery.attempted', onAttempt);
  };
}

function resultOf(moment: PublishMoment): string {
  if (moment.reason !== null) return 'unknown_tenant';
  if (moment.duplicate) return 'duplicate';
  return moment.destinations === 0 ? 'unmatched' : 'stored';
}

/** `404` becomes `4xx`; what is not of HTTP stays if it is one of ours. */
export function codeClass(code: string): string {
  if (/^[1-5]\d\d$/.test(code)) return `${code.charAt(0)}xx`;
  return CODES.has(code) ? code : 'other';
}

type Gauge = readonly [name: string, kind: 'counter' | 'gauge', help: string, value: () => number | null];

function declareGauges(registry: MetricRegistry, sources: MetricSources, stats: () => LedgerStats | null): void {
  const of = (read: (stats: LedgerStats) => number | null) => (): number | null => {
    const now = stats();
    return now === null ? null : read(now);
  };
  const gauges: readonly Gauge[] = [
    [
      'outpost_store_up',
      'gauge',
      '1 if the store answered when it was asked for these metrics.',
      () => Number(stats() !== null),
    ],
    ['outpost_deliveries_waiting', 'gauge', 'Deliveries in the store that are not under way.', of((s) => s.waiting)],
    ['outpost_deliveries_in_flight', 'gauge', 'Attempts under way.', () => sources.inFlight()],
    [
      'outpost_oldest_due_age_seconds',
      'gauge',
      'For how long the oldest delivery that is due has waited; 0 if none does.',
      of((s) => (s.oldestDueAgeMs ?? 0) / 1_000),
    ],
    ['outpost_commits_total', 'counter', 'Commits of the store.', of((s) => s.commits)],
    ['outpost_commit_seconds_total', 'counter', 'Time spent in them.', of((s) => s.commitSecondsSum)],
    ['outpost_wal_frames', 'gauge', 'Frames in the write-ahead log that are not checkpointed.', of((s) => s.walFrames)],
    [
      'outpost_store_rows_changed_total',
      'counter',
      "Rows written, without those that fill History's indexes.",
      of((s) => s.rowsChanged),
    ],
    [
      'outpost_store_index_rows_changed_total',
      'counter',
      "Rows written to fill History's indexes.",
      of((s) => s.indexRowsChanged),
    ],
    [
      'outpost_claim_looked_total',
      'counter',
      'Lanes and deliveries that claims have looked at.',
      of((s) => s.claimLooked),
    ],
    ['outpost_claim_leased_total', 'counter', 'Deliveries that claims have returned.', of((s) => s.claimLeased)],
    ['process_cpu_seconds_total', 'counter', 'User and system time, all threads.', () => sources.process.cpuSeconds()],
    ['process_resident_memory_bytes', 'gauge', 'Memory in use.', () => sources.process.residentBytes()],
    ['process_uptime_seconds', 'gauge', 'Time since the start.', () => sources.process.uptimeSeconds()],
  ];
  for (const [name, kind, help, value] of gauges) registry.read({ name, kind, help }, value);
}
