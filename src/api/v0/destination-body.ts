/**
 * Reads what 0.x sends to create or change a destination. A change is a merge key by key in which null is the same as not
 * given, and a key is blanked but never removed (spec api-v0.md §4.3).
 */
import { findMember, type Sliced } from '../../lib/json-slice.ts';
import type { DestinationPatch, DestinationRequest } from '../../tenants/use-cases.ts';
import { objectTextMember, readObject, stringMapMember, stringMember, topicsMember } from '../body.ts';
import { createBodySchema, patchBodySchema } from '../destination-body.ts';

export const createBodySchemaV0 = createBodySchema
  .omit({ created_at: true, updated_at: true, disabled_at: true })
  .meta({ id: 'DestinationCreateV0' });
export const patchBodySchemaV0 = patchBodySchema
  .omit({ disabled_at: true })
  .meta({ id: 'DestinationUpdateV0', description: 'Null is the same as left out, in the maps as empty text.' });

/** What clients of 0.x write for a type, and what the type is called. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([['webhooks', 'webhook']]);

export const typeOf = (spelled: string): string => SPELLINGS.get(spelled) ?? spelled;

/** Members that some clients of 0.x send under their own names for them. */
const ALIASES: Readonly<Record<string, string>> = {
  streamName: 'stream_name',
  partitionKeyTemplate: 'partition_key_template',
};

export function decodeCreateV0(bytes: Uint8Array): DestinationRequest {
  const body = readBody(bytes);
  const type = stringMember(body, 'type') ?? null;
  return {
    id: stringMember(body, 'id') ?? null,
    type: type === null ? null : typeOf(type),
    topics: topicsMember(body, 'topics') ?? null,
    filter: objectTextMember(body, 'filter') ?? null,
    config: stringMapMember(body, 'config') ?? null,
    credentials: stringMapMember(body, 'credentials') ?? null,
    deliveryMetadata: stringMapMember(body, 'delivery_metadata') ?? null,
    metadata: stringMapMember(body, 'metadata') ?? null,
    createdAtMs: null,
    updatedAtMs: null,
    disabledAtMs: null,
  };
}

export function decodePatchV0(bytes: Uint8Array): DestinationPatch {
  const body = readBody(bytes);
  const type = stringMember(body, 'type');
  const topics = topicsMember(body, 'topics');
  const config = stringMapMember(body, 'config');
  const credentials = stringMapMember(body, 'credentials');
  const deliveryMetadata = stringMapMember(body, 'delivery_metadata');
  const metadata = stringMapMember(body, 'metadata');
  // `{}` removes the filter and reads as null; null itself is not given.
  const filter = findMember(body, 'filter')?.kind === 'null' ? undefined : objectTextMember(body, 'filter');
  return {
    ...(type == null ? {} : { type: typeOf(type) }),
    ...(topics == null ? {} : { topics }),
    ...(filter === undefined ? {} : { filter }),
    ...(config == null ? {} : { config: withoutAliases(config) }),
    ...(credentials == null ? {} : { credentials }),
    ...(deliveryMetadata == null ? {} : { deliveryMetadata }),
    ...(metadata == null ? {} : { metadata }),
  };
}

const EMPTY_OBJECT = Buffer.from('{}');

/** The body `null` has always counted as an empty object. */
function readBody(bytes: Uint8Array): Sliced {
  const isNull = bytes.length < 64 && Buffer.from(bytes).toString().trim() === 'null';
  return readObject(isNull ? EMPTY_OBJECT : bytes);
}

function withoutAliases(config: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [ALIASES[key] ?? key, value]));
}
