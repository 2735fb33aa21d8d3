/** Reads what is sent to create or change a destination. Rules about values are the use-case's; here it is shapes. */
import { z } from 'zod';
import type { DestinationPatch, DestinationRequest } from '../tenants/use-cases.ts';
import {
  mapPatchMember,
  objectTextMember,
  readObject,
  stringMapMember,
  stringMember,
  timeMember,
  topicsMember,
} from './body.ts';
import { rawObject } from './raw-json.ts';

const settingsMap = z.record(z.string(), z.unknown()).meta({ description: 'Strings; other JSON becomes text.' });
const topics = z.union([z.literal('*'), z.array(z.string())]);
const time = z.string().nullable().optional().meta({ format: 'date-time' });

export const createBodySchema = z
  .object({
    id: z.string().optional().meta({ description: 'Generated when missing or empty.' }),
    type: z.string(),
    topics,
    filter: rawObject('Events have to match it.').nullable().optional(),
    config: settingsMap.nullable().optional(),
    credentials: settingsMap.nullable().optional(),
    delivery_metadata: settingsMap.nullable().optional(),
    metadata: settingsMap.nullable().optional(),
    created_at: time.meta({ format: 'date-time', description: 'By the operator only.' }),
    updated_at: time.meta({ format: 'date-time', description: 'By the operator only.' }),
    disabled_at: time,
  })
  .meta({ id: 'DestinationCreate' });

export const patchBodySchema = z
  .object({
    type: z.string().nullable().optional().meta({ description: 'Has to be the current one.' }),
    topics: topics.nullable().optional(),
    filter: rawObject('Replaces the filter; `{}` or null removes it.').nullable().optional(),
    config: settingsMap.nullable().optional(),
    credentials: settingsMap.nullable().optional(),
    delivery_metadata: settingsMap.nullable().optional(),
    metadata: settingsMap.nullable().optional(),
    disabled_at: time,
  })
  .meta({ id: 'DestinationPatch', description: 'In the maps, null removes a key.' });

export function decodeCreate(bytes: Uint8Array): DestinationRequest {
  const body = readObject(bytes);
  return {
    id: stringMember(body, 'id') ?? null,
    type: stringMember(body, 'type') ?? null,
    topics: topicsMember(body, 'topics') ?? null,
    filter: objectTextMember(body, 'filter') ?? null,
    config: stringMapMember(body, 'config') ?? null,
    credentials: stringMapMember(body, 'credentials') ?? null,
    deliveryMetadata: stringMapMember(body, 'delivery_metadata') ?? null,
    metadata: stringMapMember(body, 'metadata') ?? null,
    createdAtMs: timeMember(body, 'created_at')?.ms ?? null,
    updatedAtMs: timeMember(body, 'updated_at')?.ms ?? null,
    disabledAtMs: timeMember(body, 'disabled_at')?.ms ?? null,
  };
}

export function decodePatch(bytes: Uint8Array): DestinationPatch {
  const body = readObject(bytes);
  const disabledAt = timeMember(body, 'disabled_at', 'invalid disabled_at: ');
  return given({
    type: stringMember(body, 'type'),
    topics: topicsMember(body, 'topics'),
    filter: objectTextMember(body, 'filter'),
    config: mapPatchMember(body, 'config'),
    credentials: mapPatchMember(body, 'credentials'),
    deliveryMetadata: mapPatchMember(body, 'delivery_metadata'),
    metadata: mapPatchMember(body, 'metadata'),
    disabledAtMs: disabledAt === undefined || disabledAt === null ? disabledAt : disabledAt.ms,
  });
}

type Given<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };

/** Leaves out what was not given. */
function given<Fields extends object>(fields: Fields): Given<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<Fields>;
}
