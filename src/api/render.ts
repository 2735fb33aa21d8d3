/** From what the use-cases answer to what v1 shows, one function per entity. */
import type { z } from 'zod';
import type { AttemptIds } from '../domain/attempt-id.ts';
import type { AttemptRecord, ResponseData } from '../domain/attempt.ts';
import type { EventRecord } from '../domain/event.ts';
import { formatInstant, formatMs } from '../domain/instant.ts';
import type { StringMap } from '../domain/json.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { Field, Provider } from '../ports/provider.ts';
import type { DestinationRedirect, DestinationView } from '../tenants/use-cases.ts';
import type {
  attemptSchema,
  destinationSchema,
  destinationTypeSchema,
  eventSchema,
  tenantSchema,
  updatedSchema,
} from './entities.ts';
import { rawJson } from './raw-json.ts';

export type TenantReply = z.input<typeof tenantSchema>;
export type DestinationReply = z.input<typeof destinationSchema>;
export type EventReply = z.input<typeof eventSchema>;
export type AttemptReply = z.input<typeof attemptSchema>;
export type DestinationTypeReply = z.input<typeof destinationTypeSchema>;

/** What `include` may ask for beside the attempt itself. */
export interface Includes {
  readonly event: boolean;
  readonly eventData: boolean;
  readonly responseData: boolean;
  readonly detail: boolean;
  readonly destination: boolean;
}

export function tenantReply(tenant: Tenant): TenantReply {
  return {
    id: tenant.id,
    destinations_count: tenant.destinationsCount,
    topics: [...tenant.topics],
    metadata: unlessEmpty(tenant.metadata),
    created_at: formatMs(tenant.createdAtMs),
    updated_at: formatMs(tenant.updatedAtMs),
  };
}

export function destinationReply(view: DestinationView): DestinationReply {
  return {
    id: view.id,
    tenant_id: view.tenantId,
    type: view.type,
    topics: [...view.topics],
    filter: view.filter === null ? undefined : rawJson(view.filter),
    config: view.config,
    credentials: view.credentials,
    delivery_metadata: unlessEmpty(view.deliveryMetadata),
    metadata: unlessEmpty(view.metadata),
    created_at: formatMs(view.createdAtMs),
    updated_at: formatMs(view.updatedAtMs),
    disabled_at: view.disabledAtMs === null ? null : formatMs(view.disabledAtMs),
    target: view.target,
    target_url: view.targetUrl ?? undefined,
  };
}

export const updatedReply = (result: DestinationView | DestinationRedirect): z.input<typeof updatedSchema> =>
  'redirectUrl' in result ? { redirect_url: result.redirectUrl } : destinationReply(result);

export function eventReply(event: EventRecord): EventReply {
  return {
    id: event.id,
    tenant_id: event.tenantId,
    matched_destination_ids: [...event.matchedDestinationIds],
    topic: event.topic,
    time: formatInstant(event.time),
    eligible_for_retry: event.eligibleForRetry,
    metadata: unlessEmpty(event.metadata),
    data: rawJson(event.data),
  };
}

/** @param destination the destination as it is now, if it was asked for and still exists */
export function attemptReply(
  attempt: AttemptRecord,
  ids: AttemptIds,
  includes: Includes,
  destination: DestinationView | null,
): AttemptReply {
  const { answer, detail } = partsOf(attempt);
  return {
    id: ids.encode(attempt.key),
    tenant_id: attempt.tenantId,
    status: attempt.succeeded ? 'success' : 'failed',
    time: formatMs(attempt.finishedAtMs),
    code: attempt.code === '' ? undefined : attempt.code,
    response_data: includes.responseData ? answer : undefined,
    detail: includes.detail ? detail : undefined,
    attempt_number: attempt.number,
    manual: attempt.trigger === 'manual',
    destination_type: attempt.destinationType,
    event_id: attempt.eventId,
    destination_id: attempt.destinationId,
    event: includes.event && attempt.event !== null ? attemptEvent(attempt.event, includes.eventData) : undefined,
    destination: destination === null ? undefined : destinationReply(destination),
  };
}

/**
 * What is kept of an attempt is an answer, or, where none was had, the words for what went wrong. As in the original
 * only an answer is `response_data`; the words are ours, and asked for by a name of their own.
 */
function partsOf({ response }: AttemptRecord): { readonly answer?: ResponseData; readonly detail?: string } {
  if (response === null || Object.keys(response).length === 0) return {};
  const { error } = response;
  return typeof error === 'string' && Object.keys(response).length === 1 ? { detail: error } : { answer: response };
}

function attemptEvent(event: EventRecord, withData: boolean): NonNullable<AttemptReply['event']> {
  return { ...eventReply(event), data: withData ? rawJson(event.data) : undefined };
}

export function destinationTypeReply(provider: Provider): DestinationTypeReply {
  return {
    type: provider.type,
    config_fields: provider.fields.config.map(fieldReply),
    credential_fields: provider.fields.credentials.map(fieldReply),
    label: provider.label,
    description: provider.description,
    icon: provider.icon,
    setup_link: provider.setupLink,
    instructions: provider.instructions,
  };
}

function fieldReply(field: Field): DestinationTypeReply['config_fields'][number] {
  return {
    type: field.type,
    label: field.label,
    description: field.description,
    key: field.key,
    required: field.required,
    default: field.default,
    sensitive: field.sensitive,
    pattern: field.pattern,
    options: field.options?.map(({ label, value }) => ({ label, value })),
  };
}

function unlessEmpty(map: StringMap | null): Record<string, string> | undefined {
  return map === null || Object.keys(map).length === 0 ? undefined : map;
}
