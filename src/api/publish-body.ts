/**
 * Reads a publish request, its key in the head included: the hot path, so the body is sliced once, small members are decoded one by one and `data` is
 * copied as it stands. Errors come in the stages of spec api-v1.md §9.6, the first failing stage alone.
 */
import { z } from 'zod';
import type { EventTime } from '../domain/event.ts';
import { checkId, checkText } from '../domain/id-rules.ts';
import { destinationId, eventId, tenantId } from '../domain/ids.ts';
import type { StringMap } from '../domain/json.ts';
import { checkPublishTopic } from '../domain/topics.ts';
import { findMember, memberBytes, memberKey, memberValue, type Sliced, sliceJson } from '../lib/json-slice.ts';
import type { PublishRequest } from '../publish/use-cases.ts';
import { booleanMember, checkEntrySize, readObject, stringMember, timeMember } from './body.ts';
import { invalidFields, invalidJson } from './errors.ts';
import { rawObject } from './raw-json.ts';

/** A topic becomes a header, and is part of every row. */
const TOPIC_MAX_BYTES = 255;
/** Metadata becomes headers and attributes: most receivers take 8 to 16 KiB of headers in all. */
const METADATA_ENTRIES_MAX = 64;
const METADATA_KEY_MAX_BYTES = 128;
const METADATA_VALUE_MAX_BYTES = 4_096;
/** As long as an id may be. */
const IDEMPOTENCY_KEY_MAX_BYTES = 255;
/** Bytes beyond ASCII arrive differently from different clients. */
const IDEMPOTENCY_KEY = new RegExp(`^[\\x20-\\x7e]{1,${IDEMPOTENCY_KEY_MAX_BYTES}}$`);

export const idempotencyKeySchema = z.string().regex(IDEMPOTENCY_KEY);

export const publishBodySchema = z
  .object({
    id: z.string().optional().meta({
      description: 'Makes repeats safe. Follows from the `Idempotency-Key` or is generated when missing or empty.',
    }),
    tenant_id: z.string(),
    destination_id: z.string().optional().meta({ description: 'Only this destination is considered.' }),
    topic: z.string().optional().meta({ description: 'Required where topics are configured; `*` goes to all.' }),
    eligible_for_retry: z.boolean().nullable().optional().meta({ description: 'True when missing.' }),
    time: z.string().nullable().optional().meta({ format: 'date-time', description: 'Now when missing.' }),
    metadata: z.record(z.string(), z.string()).nullable().optional(),
    data: rawObject('Delivered byte for byte.'),
  })
  .meta({ id: 'PublishRequest' });

/** @throws AppError `invalid_request` for what can't be a key, whether or not it would be looked at */
export function checkIdempotencyKey(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (IDEMPOTENCY_KEY.test(header)) return header;
  throw invalidFields([`Idempotency-Key must be 1 to ${IDEMPOTENCY_KEY_MAX_BYTES} bytes of printable ASCII`]);
}

/** @param topics those configured; empty: any topic, and none */
export function decodePublish(bytes: Uint8Array, topics: readonly string[]): Omit<PublishRequest, 'idempotencyKey'> {
  const body = readObject(bytes);
  const id = stringMember(body, 'id') ?? '';
  const tenant = stringMember(body, 'tenant_id') ?? '';
  const destination = stringMember(body, 'destination_id') ?? '';
  const topic = stringMember(body, 'topic') ?? '';
  const isEligible = booleanMember(body, 'eligible_for_retry') ?? true;
  const time: EventTime | null = timeMember(body, 'time') ?? null;
  const metadata = metadataMember(body);

  const data = findMember(body, 'data');
  if (tenant === '' || data === null) {
    throw invalidFields([
      ...(tenant === '' ? ['tenant_id is required'] : []),
      ...(data === null ? ['data is required'] : []),
    ]);
  }
  if (data.kind !== 'object') throw invalidFields(['data must be a valid JSON object']);
  refuse('topic', TOPIC_FAULTS[checkPublishTopic(topic, { configured: topics })]);
  refuse('id', id === '' ? null : checkId(id));
  refuse('tenant_id', checkId(tenant));
  refuse('destination_id', destination === '' ? null : checkId(destination));
  refuse(
    'topic',
    Buffer.byteLength(topic) > TOPIC_MAX_BYTES ? `must be at most ${TOPIC_MAX_BYTES} bytes` : checkText(topic),
  );

  return {
    tenantId: tenantId(tenant),
    id: id === '' ? null : eventId(id),
    destinationId: destination === '' ? null : destinationId(destination),
    topic,
    time,
    eligibleForRetry: isEligible,
    metadata,
    // A copy of its own: the body's buffer may be a piece of a pool that other requests share.
    data: new Uint8Array(memberBytes(body, data)),
  };
}

const TOPIC_FAULTS = { ok: null, required: 'is required', invalid: 'is invalid' } as const;

function refuse(field: string, fault: string | null): void {
  if (fault !== null) throw invalidFields([`${field} ${fault}`]);
}

const NO_METADATA: StringMap = {};

/** Strict, unlike settings: a value is a string, or null for the empty one. */
function metadataMember(body: Sliced): StringMap {
  const found = findMember(body, 'metadata');
  if (found === null || found.kind === 'null') return NO_METADATA;
  if (found.kind !== 'object') throw invalidJson();
  const map = sliceJson(memberBytes(body, found));
  // It is JSON, as part of what is; only its length can be at fault.
  if (!map.ok || map.members.length > METADATA_ENTRIES_MAX) {
    throw invalidFields([`metadata must have at most ${METADATA_ENTRIES_MAX} entries`]);
  }
  const entries = map.members.map((member) => {
    if (member.kind !== 'string' && member.kind !== 'null') throw invalidJson();
    return [memberKey(map, member), member.kind === 'null' ? '' : String(memberValue(map, member))] as const;
  });
  const max = { keyBytes: METADATA_KEY_MAX_BYTES, valueBytes: METADATA_VALUE_MAX_BYTES };
  for (const [key, value] of entries) {
    refuse('metadata', checkEntrySize(key, value, max));
    refuse('metadata keys', checkText(key));
    refuse('metadata values', checkText(value));
  }
  return Object.fromEntries(entries);
}
