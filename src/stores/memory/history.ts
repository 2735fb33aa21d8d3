/** The History of a memory store: plain scans over all rows. It is the reference that indexed drivers are compared with. */
import type { AttemptRecord } from '../../domain/attempt.ts';
import type { EventRecord } from '../../domain/event.ts';
import type { History, Scope, TimeRange } from '../../ports/history.ts';
import { pageOf } from './page.ts';
import type { AttemptRow, EventRow, MemoryState, TenantRow } from './state.ts';

export function memoryHistory(state: MemoryState): History {
  return {
    async listEvents(query) {
      const sees = seenBy(query.scope);
      const rows = state.events.filter(
        (row) =>
          sees(row.tenant) &&
          isWithin(query.time, row.event.time.ms) &&
          isOneOf(query.ids, row.event.id) &&
          isOneOf(query.topics, row.event.topic) &&
          (query.destinationIds === null || destinationsOf(row).some((id) => isOneOf(query.destinationIds, id))),
      );
      const page = pageOf(rows, query, (row) => ({ timeMs: row.event.time.ms, seq: row.seq }));
      return { rows: page.rows.map(eventRecord), hasMore: page.hasMore };
    },
    async findEvent(scope, id) {
      const sees = seenBy(scope);
      const row = state.events.findLast((event) => event.event.id === id && sees(event.tenant));
      return row === undefined ? null : eventRecord(row);
    },
    async matchedLane(tenant, event, destination) {
      const row = state.tenants[tenant - 1]?.events.get(event);
      const deliveries = [...(row?.deliveries.values() ?? [])];
      return deliveries.find((delivery) => delivery.lane.destinationId === destination)?.lane.number ?? null;
    },
    async listAttempts(query) {
      const sees = seenBy(query.scope);
      const rows = state.attempts.filter((row) => {
        const { event, lane } = row.delivery;
        return (
          sees(event.tenant) &&
          isWithin(query.time, row.finishedAtMs) &&
          isOneOf(query.topics, event.event.topic) &&
          isOneOf(query.destinationIds, lane.destinationId) &&
          isOneOf(query.eventIds, event.event.id) &&
          isOneOf(query.destinationTypes, lane.type) &&
          (query.succeeded === null || query.succeeded === row.outcome.ok)
        );
      });
      const page = pageOf(rows, query, (row) => ({ timeMs: row.finishedAtMs, seq: row.seq }));
      return { rows: page.rows.map((row) => attemptRecord(row, query.includeEvent)), hasMore: page.hasMore };
    },
    async findAttempt(scope, key, include) {
      const sees = seenBy(scope);
      const row = state.attempts.find(
        ({ kind, lease, delivery }) =>
          kind === key.kind &&
          lease === key.lease &&
          delivery.event.seq === key.event &&
          delivery.lane.number === key.lane &&
          delivery.event.tenant.number === key.tenant &&
          sees(delivery.event.tenant),
      );
      return row === undefined ? null : attemptRecord(row, include.event);
    },
  };
}

function seenBy(scope: Scope): (tenant: TenantRow) => boolean {
  switch (scope.kind) {
    case 'tenant':
      return (tenant) => tenant.number === scope.tenant;
    case 'ids':
      return (tenant) => scope.ids.includes(tenant.id);
    case 'all':
      return () => true;
    default: {
      const never: never = scope;
      return never;
    }
  }
}

function isWithin(range: TimeRange, timeMs: number): boolean {
  const { gteMs = -Infinity, gtMs = -Infinity, lteMs = Infinity, ltMs = Infinity } = range;
  return timeMs >= gteMs && timeMs > gtMs && timeMs <= lteMs && timeMs < ltMs;
}

function isOneOf<Value>(values: readonly Value[] | null, value: Value): boolean {
  return values === null || values.includes(value);
}

function destinationsOf(row: EventRow) {
  return [...row.deliveries.values()].map((delivery) => delivery.lane.destinationId);
}

function eventRecord(row: EventRow): EventRecord {
  const { id, topic, time, metadata, data, acceptedAtMs, eligibleForRetry, destinationId } = row.event;
  return {
    id,
    topic,
    time,
    metadata,
    data,
    acceptedAtMs,
    eligibleForRetry,
    destinationId,
    seq: row.seq,
    tenant: row.tenant.number,
    tenantId: row.tenant.id,
    matchedDestinationIds: destinationsOf(row),
    unmatched: row.unmatched,
  };
}

function attemptRecord(row: AttemptRow, withEvent: boolean): AttemptRecord {
  const { event, lane } = row.delivery;
  return {
    key: { kind: row.kind, tenant: event.tenant.number, event: event.seq, lane: lane.number, lease: row.lease },
    seq: row.seq,
    tenantId: event.tenant.id,
    eventId: event.event.id,
    destinationId: lane.destinationId,
    destinationType: lane.type,
    topic: event.event.topic,
    number: row.number,
    trigger: row.trigger,
    succeeded: row.outcome.ok,
    code: row.outcome.code,
    response: row.outcome.response,
    startedAtMs: row.startedAtMs,
    finishedAtMs: row.finishedAtMs,
    event: withEvent ? eventRecord(event) : null,
  };
}
