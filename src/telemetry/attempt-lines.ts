/**
 * One wide line in the log for each attempt, made from the channel `delivery.attempted`.
 *
 * The field names are part of what operators build on (docs/telemetry.md); ids are in the log and never in metrics.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { AttemptMoment } from './channels.ts';
import type { Log } from './logger.ts';

/** Subscribes. @returns what ends it */
export function logAttempts(log: Log): () => void {
  if (!log.takes('info')) return () => {};
  const onAttempt = (message: unknown): void => log.write('info', attemptLine(message as AttemptMoment));
  subscribe('delivery.attempted', onAttempt);
  return () => void unsubscribe('delivery.attempted', onAttempt);
}

function attemptLine(attempt: AttemptMoment) {
  return {
    event: 'attempt',
    tenant_id: attempt.tenantId,
    destination_id: attempt.destinationId,
    destination_type: attempt.destinationType,
    event_id: attempt.eventId,
    topic: attempt.topic,
    attempt: attempt.number,
    trigger: attempt.trigger,
    outcome: attempt.succeeded ? 'succeeded' : 'failed',
    code: attempt.code,
    // What became of the delivery: `late` when the attempt had lost its lease and changed nothing.
    state: attempt.state,
    duration_ms: Math.round(attempt.durationMs * 10) / 10,
    next_attempt_at: attempt.dueMs === null ? null : new Date(attempt.dueMs).toISOString(),
  };
}
