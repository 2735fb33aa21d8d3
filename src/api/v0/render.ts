/** Events and deliveries as 0.x shows them (spec api-v0.md §9.5). */
import type { z } from 'zod';
import type { AttemptIds } from '../../domain/attempt-id.ts';
import type { AttemptRecord } from '../../domain/attempt.ts';
import type { EventRecord } from '../../domain/event.ts';
import { formatInstant, formatMs } from '../../domain/instant.ts';
import { rawJson } from '../raw-json.ts';
import type { deliverySchemaV0, eventSchemaV0 } from './entities.ts';

/**
 * @param destinationId empty for the event by itself
 * @param succeeded null when there was no attempt: clients of 0.x know no word for that
 */
export function eventReplyV0(
  event: EventRecord,
  destinationId: string,
  succeeded: boolean | null,
): z.input<typeof eventSchemaV0> {
  return {
    id: event.id,
    tenant_id: event.tenantId,
    destination_id: destinationId,
    topic: event.topic,
    eligible_for_retry: event.eligibleForRetry,
    time: formatInstant(event.time),
    metadata: event.metadata,
    data: rawJson(event.data),
    status: succeeded === null ? undefined : statusOf(succeeded),
  };
}

export function deliveryReplyV0(attempt: AttemptRecord, ids: AttemptIds): z.input<typeof deliverySchemaV0> {
  const response = attempt.response ?? {};
  const { body } = response;
  return {
    id: ids.encode(attempt.key),
    delivered_at: formatMs(attempt.finishedAtMs - (attempt.finishedAtMs % 1_000)),
    status: statusOf(attempt.succeeded),
    code: attempt.code,
    response_data: body === undefined ? response : { ...response, body: asObject(body) },
    response_status_code: /^[1-9]\d{2}$/.test(attempt.code) ? Number(attempt.code) : undefined,
    response_body: typeof body === 'string' ? body : undefined,
  };
}

const statusOf = (succeeded: boolean): 'success' | 'failed' => (succeeded ? 'success' : 'failed');

/** The text of a JSON object as the object; anything else as it is. */
function asObject(body: unknown): unknown {
  if (typeof body !== 'string' || !body.trimStart().startsWith('{')) return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
