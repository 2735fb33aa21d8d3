/**
 * What a create or a patch makes of a destination's settings: the stages of spec api-v1.md §9.4 in their order, the
 * first that fails wins. Settings are in clear here; nothing is read or written, but a type may ask its service whether a
 * credential is good, which comes last.
 */
import type { Destination, DestinationSettings } from '../domain/destination.ts';
import { compileFilter, FilterFault } from '../domain/filter.ts';
import { checkText } from '../domain/id-rules.ts';
import type { StringMap } from '../domain/json.ts';
import { checkTopics, normaliseTopics, type TopicRules } from '../domain/topics.ts';
import { AppError } from '../lib/errors.ts';
import type { HttpClient } from '../ports/http-client.ts';
import type { OpenSettings, PrepareRequest, Problem, Provider, Role } from '../ports/provider.ts';
import { refuseProblems, unstorableTexts, validationError } from './problems.ts';
import type { DestinationPatch, DestinationRedirect, DestinationRequest, MapPatch } from './use-cases.ts';

/** A destination type as the registry of destinations/ knows it. */
export interface DestinationType {
  readonly provider: Pick<Provider, 'prepare' | 'target' | 'targetUrl'>;
  check(settings: OpenSettings): readonly Problem[];
  mask(settings: OpenSettings, nowMs: number): OpenSettings;
}

export interface SettingsDeps {
  readonly types: { find(type: string): DestinationType | null };
  readonly topics: TopicRules;
  randomBytes(size: number): Uint8Array;
  readonly http: HttpClient;
}

/** Settings with the credentials in clear. */
export type ClearSettings = Omit<DestinationSettings, 'credentials'> & { readonly credentials: StringMap };

const EMPTY_FILTER = /^\s*\{\s*\}\s*$/;

/** @throws AppError `invalid_request`, `forbidden` */
export async function settingsOfRequest(
  deps: SettingsDeps,
  request: DestinationRequest,
  by: { readonly role: Role; readonly nowMs: number },
): Promise<ClearSettings & { readonly type: string; readonly createdAtMs: number }> {
  const { type, topics } = request;
  const missing: Problem[] = [];
  if (type === null || type === '') missing.push({ field: 'type', rule: 'required' });
  if (topics === null) missing.push({ field: 'topics', rule: 'required' });
  refuseProblems(missing);
  if (by.role === 'tenant' && (request.createdAtMs !== null || request.updatedAtMs !== null)) {
    throw new AppError('forbidden', 'created_at and updated_at can only be set with API key authentication');
  }
  refuseFuture('created_at', request.createdAtMs, by.nowMs);
  refuseFuture('updated_at', request.updatedAtMs, by.nowMs);
  refuseFuture('disabled_at', request.disabledAtMs, by.nowMs);
  const checkedTopics = readTopics(deps.topics, topics ?? []);
  const found = deps.types.find(type ?? '');
  if (found === null) throw new AppError('invalid_request', `no provider registered for destination type: ${type}`);
  refuseUnstorable(request);
  const filter = readFilter(request.filter);
  const given: OpenSettings = {
    config: request.config ?? {},
    credentials: request.credentials ?? {},
    deliveryMetadata: kept(request.deliveryMetadata),
  };
  refuseProblems(found.check(given));
  const ready = await prepared(deps, found, {
    settings: given,
    current: null,
    requested: request.credentials,
    role: by.role,
    nowMs: by.nowMs,
  });
  if ('redirectUrl' in ready) throw new Error(`the provider ${type} redirected a create`);
  const createdAtMs = request.createdAtMs ?? by.nowMs;
  return {
    ...ready,
    type: type ?? '',
    topics: checkedTopics,
    filter,
    metadata: kept(request.metadata),
    createdAtMs,
    updatedAtMs: request.updatedAtMs ?? createdAtMs,
    disabledAtMs: request.disabledAtMs,
  };
}

/**
 * @param current the destination with its credentials in clear
 * @throws AppError `invalid_request`
 */
export async function settingsOfPatch(
  deps: SettingsDeps,
  patch: DestinationPatch,
  current: ClearSettings & Pick<Destination, 'type'>,
  by: { readonly role: Role; readonly nowMs: number },
): Promise<ClearSettings | DestinationRedirect> {
  const topics = patch.topics == null ? current.topics : readTopics(deps.topics, patch.topics);
  // An empty type counts as absent, as in the original.
  if (patch.type != null && patch.type !== '' && patch.type !== current.type) {
    throw new AppError('invalid_request', 'type cannot be updated');
  }
  const found = deps.types.find(current.type);
  if (found === null)
    throw new AppError('invalid_request', `no provider registered for destination type: ${current.type}`);
  const shown = found.mask(current, by.nowMs);
  const config = withoutMasks(patch.config, shown.config, current.config);
  const credentials = withoutMasks(patch.credentials, shown.credentials, current.credentials);
  const merged: OpenSettings = {
    config: merge(current.config, config),
    credentials: merge(current.credentials, credentials),
    deliveryMetadata: kept(merge(current.deliveryMetadata ?? {}, patch.deliveryMetadata)),
  };
  const metadata = kept(merge(current.metadata ?? {}, patch.metadata));
  refuseUnstorable({ ...merged, metadata });
  const filter = patch.filter === undefined ? current.filter : readFilter(patch.filter);
  refuseFuture('disabled_at', patch.disabledAtMs ?? null, by.nowMs);
  if (isGiven(patch.config) || isGiven(patch.credentials)) refuseProblems(found.check(merged));
  const ready = await prepared(deps, found, {
    settings: merged,
    current,
    requested: credentials == null ? null : merge({}, credentials),
    role: by.role,
    nowMs: by.nowMs,
  });
  if ('redirectUrl' in ready) return ready;
  return {
    ...ready,
    topics,
    filter,
    metadata,
    updatedAtMs: by.nowMs,
    disabledAtMs: patch.disabledAtMs === undefined ? current.disabledAtMs : patch.disabledAtMs,
  };
}

async function prepared(
  deps: SettingsDeps,
  type: DestinationType,
  request: Omit<PrepareRequest, 'randomBytes' | 'http'>,
): Promise<OpenSettings | DestinationRedirect> {
  const { http } = deps;
  const result = await type.provider.prepare({ ...request, http, randomBytes: (size) => deps.randomBytes(size) });
  if (result.ok === 'redirect') return { redirectUrl: result.redirectUrl };
  if (result.ok) {
    const { config, credentials, deliveryMetadata } = result.settings;
    return { config, credentials, deliveryMetadata };
  }
  refuseProblems(result.problems);
  throw new Error('a provider refused settings without naming a problem');
}

function readTopics(rules: TopicRules, topics: readonly string[]): readonly string[] {
  const isStorable = topics.every((topic) => checkText(topic) === null);
  if (isStorable && checkTopics(topics, rules) === 'ok') return normaliseTopics(topics);
  throw new AppError('invalid_request', 'validation failed: invalid topics');
}

/** Compiles the filter once, so that what is stored can be matched. */
function readFilter(text: string | null): string | null {
  if (text === null || EMPTY_FILTER.test(text)) return null;
  try {
    compileFilter(text);
  } catch (error) {
    if (!(error instanceof FilterFault)) throw error;
    // Of a fault of the whole, the reason says that it is the filter's.
    throw validationError([error.path === '' ? error.reason : `filter.${error.path} ${error.reason}`]);
  }
  return text;
}

function refuseFuture(name: string, atMs: number | null, nowMs: number): void {
  if (atMs !== null && atMs > nowMs) throw new AppError('invalid_request', `${name} cannot be in the future`);
}

function refuseUnstorable(maps: {
  readonly config: StringMap | null;
  readonly credentials: StringMap | null;
  readonly deliveryMetadata: StringMap | null;
  readonly metadata: StringMap | null;
}): void {
  const faults = [
    ...unstorableTexts('config', maps.config),
    ...unstorableTexts('credentials', maps.credentials),
    ...unstorableTexts('delivery_metadata', maps.deliveryMetadata),
    ...unstorableTexts('metadata', maps.metadata),
  ];
  if (faults.length > 0) throw validationError(faults);
}

/** Whether a patch touches the map at all: `{}` doesn't. */
function isGiven(patch: MapPatch | null | undefined): boolean {
  return patch === null || (patch !== undefined && Object.keys(patch).length > 0);
}

/** RFC 7396 for one level: null clears all, a null value removes its key. */
function merge(values: StringMap, patch: MapPatch | null | undefined): StringMap {
  if (patch === undefined) return values;
  if (patch === null) return {};
  const merged = new Map(Object.entries(values));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

/** Leaves out what equals the mask that a reply shows: who reads, changes one field and writes all back keeps the rest (field case 4). */
function withoutMasks(
  patch: MapPatch | null | undefined,
  shown: StringMap,
  stored: StringMap,
): MapPatch | null | undefined {
  if (patch == null) return patch;
  const isMask = (key: string, value: string | null): boolean => value === shown[key] && value !== stored[key];
  return Object.fromEntries(Object.entries(patch).filter(([key, value]) => !isMask(key, value)));
}

/** Maps that may be unset are never empty. */
function kept(values: StringMap | null): StringMap | null {
  return values === null || Object.keys(values).length === 0 ? null : values;
}
