/**
 * A tenant's destinations: created, read, changed, switched and removed. Credentials are sealed on the way to the
 * store and masked on the way out; in between they are nobody's to keep.
 */
import type { Destination } from '../domain/destination.ts';
import { checkId } from '../domain/id-rules.ts';
import { type DestinationId, destinationId, type LaneNumber, type TenantId } from '../domain/ids.ts';
import { compileTopics } from '../domain/topics.ts';
import { AppError } from '../lib/errors.ts';
import type { SecretBox } from '../lib/secret-box.ts';
import type { Clock } from '../ports/clock.ts';
import type { Directory } from '../ports/directory.ts';
import type { Role } from '../ports/provider.ts';
import { openCredentials, sealCredentials } from './credentials.ts';
import { validationError } from './problems.ts';
import { type SettingsDeps, settingsOfPatch, settingsOfRequest } from './settings.ts';
import { refuseTenant } from './tenants.ts';
import type {
  DestinationPatch,
  DestinationRedirect,
  DestinationRequest,
  DestinationUseCases,
  DestinationView,
} from './use-cases.ts';

/** How often a patch is computed anew because somebody else's change came first. */
const PATCH_TRIES_MAX = 5;
/** Reads under way at a time for a list of keys. */
const FIND_BATCH = 50;

export interface DestinationDeps extends SettingsDeps {
  readonly directory: Omit<Directory, 'putTenant' | 'listTenants' | 'deleteTenant' | 'findLane' | 'roster'>;
  readonly box: Pick<SecretBox, 'seal' | 'open'>;
  readonly clock: Pick<Clock, 'now'>;
  /** A new id with its prefix. */
  newDestinationId(): string;
  readonly maxDestinationsPerTenant: number;
  /** Called after a committed change. */
  readonly onChange: (tenant: TenantId, lanes: readonly LaneNumber[]) => void;
}

export function destinationUseCases(deps: DestinationDeps): DestinationUseCases {
  const { directory, clock, onChange } = deps;
  const changed = (destination: Destination): DestinationView => {
    onChange(destination.tenantId, [destination.lane]);
    return viewOf(deps, destination);
  };
  const find = async (tenant: TenantId, id: DestinationId): Promise<Destination> =>
    (await directory.findDestination(tenant, id)) ?? refuseDestination(deps, tenant);

  return {
    create: async (tenant, request, role) => changed(await createDestination(deps, tenant, request, role)),
    get: async (tenant, id) => viewOf(deps, await find(tenant, id)),
    async list(tenant, filter) {
      const all = await directory.listDestinations(tenant);
      if (all.length === 0 && (await directory.findTenant(tenant)) === null) refuseTenant();
      const { types, topics } = filter;
      return all
        .filter((destination) => types === null || types.includes(destination.type))
        .filter((destination) => topics === null || takesAll(destination.topics, topics))
        .map((destination) => viewOf(deps, destination));
    },
    findMany: (keys) => findMany(deps, keys),
    async patch(tenant, id, patch, role) {
      const result = await patchDestination(deps, { tenant, id, patch, role });
      return 'redirectUrl' in result ? result : changed(result);
    },
    async setDisabled(tenant, id, isDisabled) {
      const destination = await directory.setDisabled(tenant, id, isDisabled ? clock.now() : null);
      return changed(destination ?? (await refuseDestination(deps, tenant)));
    },
    async remove(tenant, id) {
      const lane = await directory.deleteDestination(tenant, id);
      onChange(tenant, [lane ?? (await refuseDestination(deps, tenant))]);
    },
  };
}

async function createDestination(
  deps: DestinationDeps,
  tenant: TenantId,
  request: DestinationRequest,
  role: Role,
): Promise<Destination> {
  const { credentials, ...settings } = await settingsOfRequest(deps, request, { role, nowMs: deps.clock.now() });
  const given = request.id === null || request.id === '' ? null : request.id;
  const fault = given === null ? null : checkId(given);
  if (fault !== null) throw validationError([`id ${fault}`]);
  const owner = { tenantId: tenant, id: destinationId(given ?? deps.newDestinationId()) };
  const draft = { ...settings, ...owner, credentials: sealCredentials(deps.box, owner, credentials) };
  const result = await deps.directory.createDestination(draft, deps.maxDestinationsPerTenant);
  switch (result.kind) {
    case 'created':
      return result.destination;
    case 'tenant_not_found':
      return refuseTenant();
    case 'exists':
      throw new AppError('destination_exists', 'destination already exists');
    case 'quota':
      throw new AppError('destination_quota', 'maximum number of destinations per tenant reached');
    default: {
      const never: never = result;
      throw new Error(`unknown result ${JSON.stringify(never)}`);
    }
  }
}

/** Reads, changes and writes; when another change was committed in between, all of it again, so that none is lost. */
async function patchDestination(
  deps: DestinationDeps,
  request: {
    readonly tenant: TenantId;
    readonly id: DestinationId;
    readonly patch: DestinationPatch;
    readonly role: Role;
  },
): Promise<Destination | DestinationRedirect> {
  const { tenant, id, patch, role } = request;
  for (let tries = 0; tries < PATCH_TRIES_MAX; tries++) {
    const current = (await deps.directory.findDestination(tenant, id)) ?? (await refuseDestination(deps, tenant));
    const clear = { ...current, credentials: openCredentials(deps.box, current) };
    const next = await settingsOfPatch(deps, patch, clear, { role, nowMs: deps.clock.now() });
    if ('redirectUrl' in next) return next;
    const { credentials, ...settings } = next;
    const sealed = { ...settings, credentials: sealCredentials(deps.box, current, credentials) };
    const result = await deps.directory.updateDestination(current.lane, current.version, sealed);
    if (result.kind === 'updated') return result.destination;
    if (result.kind === 'not_found') return refuseDestination(deps, tenant);
  }
  throw new AppError('concurrent_change', 'the destination is being changed by others at the same time; try again');
}

async function findMany(
  deps: DestinationDeps,
  keys: Parameters<DestinationUseCases['findMany']>[0],
): Promise<readonly DestinationView[]> {
  const distinct = [...new Map(keys.map((key) => [JSON.stringify([key.tenant, key.id]), key])).values()];
  const views: DestinationView[] = [];
  for (let at = 0; at < distinct.length; at += FIND_BATCH) {
    const batch = distinct.slice(at, at + FIND_BATCH);
    const found = await Promise.all(batch.map(({ tenant, id }) => deps.directory.findDestination(tenant, id)));
    for (const destination of found) if (destination !== null) views.push(viewOf(deps, destination));
  }
  return views;
}

function viewOf(deps: DestinationDeps, destination: Destination): DestinationView {
  const type = deps.types.find(destination.type);
  // Of a type that this process doesn't know it can't tell what is secret, so it shows no settings.
  if (type === null) return { ...destination, config: {}, credentials: {}, target: '', targetUrl: null };
  const { config, deliveryMetadata } = destination;
  const credentials = openCredentials(deps.box, destination);
  const shown = type.mask({ config, credentials, deliveryMetadata }, deps.clock.now());
  return {
    ...destination,
    ...shown,
    target: type.provider.target(config, credentials, destination.topics),
    targetUrl: type.provider.targetUrl?.(config, credentials) ?? null,
  };
}

/** A `*` asks for destinations that take everything; other topics are asked for as an event would be. */
function takesAll(subscribed: readonly string[], topics: readonly string[]): boolean {
  const takes = compileTopics(subscribed);
  return topics.every((topic) => (topic === '*' ? subscribed.includes('*') : takes(topic)));
}

/** @throws AppError `tenant_not_found` or `destination_not_found`, always */
async function refuseDestination(deps: DestinationDeps, tenant: TenantId): Promise<never> {
  if ((await deps.directory.findTenant(tenant)) === null) refuseTenant();
  throw new AppError('destination_not_found', 'destination not found');
}
