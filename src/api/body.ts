/**
 * Reads members of a JSON body as the original does (spec api-v1.md §5): unknown ones are ignored, names match in any
 * case, the last of two wins, and a value of the wrong kind is `invalid JSON` without further words. Limits are ours, and
 * named.
 *
 * Absent is `undefined` and null is `null`: PATCH tells them apart.
 */
import { parseInstant } from '../domain/instant.ts';
import type { EventTime } from '../domain/event.ts';
import {
  DEPTH_MAX,
  findMember,
  type JsonKind,
  type JsonMember,
  memberBytes,
  memberKey,
  memberText,
  memberValue,
  MEMBERS_MAX,
  type Sliced,
  sliceJson,
} from '../lib/json-slice.ts';
import { AppError } from '../lib/errors.ts';
import { invalidFields, invalidJson } from './errors.ts';

/** More entries than any type has settings, and enough for labels. */
const MAP_ENTRIES_MAX = 128;
/** A key is a name, not a text. */
const MAP_KEY_MAX_BYTES = 255;
/** The largest known settings are service accounts with their certificates, a tenth of this. */
const MAP_VALUE_MAX_BYTES = 65_536;
/** A destination that wants more topics than this wants a pattern. */
const TOPICS_MAX = 1_000;

const INTEGER = /^-?\d+$/;
/** Below it a number is written with an exponent. */
const SMALL = 1e-4;

/** @throws AppError `invalid_json` */
export function readObject(bytes: Uint8Array): Sliced {
  const sliced = sliceJson(bytes);
  if (sliced.ok) return sliced;
  if (sliced.reason === 'too_deep') throw invalidJson(`the body is nested more than ${DEPTH_MAX} levels deep`);
  if (sliced.reason === 'too_many_members') throw invalidJson(`the body has more than ${MEMBERS_MAX} members`);
  throw invalidJson();
}

/** A body that may be left out: nothing at all counts as `{}`. */
export function readOptionalObject(bytes: Uint8Array): Sliced {
  return readObject(bytes.length === 0 ? EMPTY_OBJECT : bytes);
}

const EMPTY_OBJECT = Buffer.from('{}');

/** A member of this kind, null, or undefined; any other kind is invalid. */
function member(body: Sliced, name: string, kind: JsonKind): JsonMember | null | undefined {
  const found = findMember(body, name);
  if (found === null) return undefined;
  if (found.kind === 'null') return null;
  if (found.kind !== kind) throw invalidJson();
  return found;
}

export function stringMember(body: Sliced, name: string): string | null | undefined {
  const found = member(body, name, 'string');
  return found === null || found === undefined ? found : String(memberValue(body, found));
}

export function booleanMember(body: Sliced, name: string): boolean | null | undefined {
  const found = member(body, name, 'boolean');
  return found === null || found === undefined ? found : memberText(body, found) === 'true';
}

/** @param prefix before the words of an error */
export function timeMember(body: Sliced, name: string, prefix = ''): EventTime | null | undefined {
  const found = findMember(body, name);
  if (found === null) return undefined;
  if (found.kind === 'null') return null;
  // The words are those of the original, which clients may show.
  if (found.kind !== 'string') throw invalidText(`${prefix}Time.UnmarshalJSON: input is not a JSON string`);
  const time = parseInstant(String(memberValue(body, found)));
  if (time === null) throw invalidText(`${prefix}${name} must be a time of RFC 3339, such as 2024-01-15T09:30:00Z`);
  return time;
}

export const invalidText = (message: string): AppError => new AppError('invalid_request', message);

/** The text of an object as it was sent; null for an object without members, which is the same as none. */
export function objectTextMember(body: Sliced, name: string): string | null | undefined {
  const found = member(body, name, 'object');
  if (found === null || found === undefined) return found;
  const sliced = sliceJson(memberBytes(body, found));
  // What isn't sliced has too many members; filters have a limit of their own below that.
  return sliced.ok && sliced.members.length === 0 ? null : memberText(body, found);
}

/** The string `*`, or a list of strings in which null counts as empty. */
export function topicsMember(body: Sliced, name: string): readonly string[] | null | undefined {
  const found = findMember(body, name);
  if (found === null) return undefined;
  if (found.kind === 'null') return null;
  const value = memberValue(body, found);
  if (value === '*') return ['*'];
  if (!Array.isArray(value)) throw invalidText('validation failed: invalid topics format');
  if (value.length > TOPICS_MAX) throw invalidFields([`${name} must have at most ${TOPICS_MAX} entries`]);
  return value.map((topic: unknown) => {
    if (topic !== null && typeof topic !== 'string') throw invalidText('validation failed: invalid topics format');
    return topic ?? '';
  });
}

/** A map of strings whose values may be sent as other JSON, as `coerce` says; null is the empty text. */
export function stringMapMember(body: Sliced, name: string): Record<string, string> | null | undefined {
  const entries = mapEntries(body, name);
  if (entries === null || entries === undefined) return entries;
  return Object.fromEntries(entries.map(([key, value]) => [key, value ?? '']));
}

/** The same for a merge patch, in which null removes a key. */
export function mapPatchMember(body: Sliced, name: string): Record<string, string | null> | null | undefined {
  const entries = mapEntries(body, name);
  return entries === null || entries === undefined ? entries : Object.fromEntries(entries);
}

function mapEntries(body: Sliced, name: string): (readonly [string, string | null])[] | null | undefined {
  const found = member(body, name, 'object');
  if (found === null || found === undefined) return found;
  const map = sliceJson(memberBytes(body, found));
  // It is JSON, as part of what is; only its length can be at fault.
  if (!map.ok || map.members.length > MAP_ENTRIES_MAX) {
    throw invalidFields([`${name} must have at most ${MAP_ENTRIES_MAX} entries`]);
  }
  return map.members.map((entry) => {
    const key = memberKey(map, entry);
    const value = entry.kind === 'null' ? null : coerce(map, entry);
    const fault = checkEntrySize(key, value ?? '', { keyBytes: MAP_KEY_MAX_BYTES, valueBytes: MAP_VALUE_MAX_BYTES });
    if (fault !== null) throw invalidFields([`${name} ${fault}`]);
    return [key, value] as const;
  });
}

/** Answers whether an entry of a map is too large, worded to follow the map's name; null if it isn't. */
export function checkEntrySize(
  key: string,
  value: string,
  max: { keyBytes: number; valueBytes: number },
): string | null {
  if (Buffer.byteLength(key) > max.keyBytes) return `keys must be at most ${max.keyBytes} bytes`;
  if (Buffer.byteLength(value) > max.valueBytes) return `values must be at most ${max.valueBytes} bytes`;
  return null;
}

/** What a map of strings keeps of a value: spec api-v1.md §5, with plain decimal integers. */
function coerce(map: Sliced, entry: JsonMember): string {
  switch (entry.kind) {
    case 'string':
      return String(memberValue(map, entry));
    case 'number':
      return numberText(memberText(map, entry));
    case 'object':
    case 'array':
      return compactJson(memberText(map, entry));
    default:
      return memberText(map, entry);
  }
}

/**
 * An integer keeps its spelling, however large; anything else becomes the shortest decimal of its double, below 0.0001
 * with an exponent of two digits at least (spec api-v1.md §13.3).
 */
function numberText(source: string): string {
  if (INTEGER.test(source)) return source;
  const value = Number(source);
  if (!Number.isFinite(value)) throw invalidJson(`numbers must be within ±${Number.MAX_VALUE}`);
  if (Number.isInteger(value)) return BigInt(value).toString();
  return Math.abs(value) < SMALL ? value.toExponential().replace(/-(\d)$/, '-0$1') : String(value);
}

/** Compact JSON, keys in order, numbers as they were written. */
function compactJson(text: string): string {
  const parse = JSON.parse as (text: string, reviver: NumberReviver) => unknown;
  return writeCompact(
    parse(text, (_key, value, context) => (typeof value === 'number' ? new Spelled(context.source ?? '') : value)),
  );
}

type NumberReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

class Spelled {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** Recursion is bounded by the depth that `sliceJson` accepts. */
function writeCompact(value: unknown): string {
  if (value instanceof Spelled) return value.source;
  if (Array.isArray(value)) return `[${value.map(writeCompact).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${writeCompact(item)}`).join(',')}}`;
}
