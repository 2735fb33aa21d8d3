/** The use-cases on destinations over a memory store: a tenant `t`, the webhook type and one with a masked password. */
import assert from 'node:assert/strict';
import { registry } from '../../src/destinations/registry.ts';
import { webhook } from '../../src/destinations/webhook/webhook.ts';
import { type DestinationId, destinationId, type LaneNumber, type TenantId, tenantId } from '../../src/domain/ids.ts';
import { AppError, type ErrorCode } from '../../src/lib/errors.ts';
import { secretBox } from '../../src/lib/secret-box.ts';
import type { Directory } from '../../src/ports/directory.ts';
import type { Provider, Role } from '../../src/ports/provider.ts';
import { memoryStore } from '../../src/stores/memory/store.ts';
import { openCredentials } from '../../src/tenants/credentials.ts';
import { type DestinationDeps, destinationUseCases } from '../../src/tenants/destinations.ts';
import { tenantUseCases } from '../../src/tenants/tenants.ts';
import type {
  DestinationPatch,
  DestinationRequest,
  DestinationUseCases,
  DestinationView,
} from '../../src/tenants/use-cases.ts';
import { fakeHttpClient } from './fake-http-client.ts';

export const START_MS = Date.parse('2026-01-02T03:04:05.678Z');
export const T = tenantId('t');
export const D = destinationId('d');

/** A type with a masked password, a required name and nothing of its own. */
export const broker: Provider = {
  type: 'broker',
  label: 'Broker',
  description: 'A broker',
  instructions: 'None',
  icon: '<svg></svg>',
  fields: {
    config: [{ key: 'server', type: 'text', label: 'Server', description: 'Server', required: true }],
    credentials: [
      { key: 'username', type: 'text', label: 'User', description: 'User', required: true },
      { key: 'password', type: 'text', label: 'Password', description: 'Password', required: true, sensitive: true },
    ],
  },
  prepare: ({ settings }) => ({ ok: true, settings }),
  target: (config) => config['server'] ?? '',
  open: () => assert.fail('nothing is sent here'),
};

export interface World {
  readonly directory: Directory;
  readonly destinations: DestinationUseCases;
  readonly changes: (readonly [TenantId, readonly LaneNumber[]])[];
  readonly box: DestinationDeps['box'];
  nowMs: number;
  create(more?: Partial<DestinationRequest>, role?: Role, tenant?: TenantId): Promise<DestinationView>;
  patch(patch: DestinationPatch, role?: Role, id?: DestinationId): Promise<DestinationView>;
  /** The credentials of the stored row, in clear. */
  stored(id?: DestinationId): Promise<Record<string, string>>;
}

export async function world(more: Partial<DestinationDeps> = {}): Promise<World> {
  let seed = 0;
  const randomBytes = (size: number): Uint8Array => {
    seed += 1;
    return new Uint8Array(size).fill(seed);
  };
  const { directory } = memoryStore({ randomBytes });
  const changes: (readonly [TenantId, readonly LaneNumber[]])[] = [];
  const options = { userAgent: 'Outpost/1', headerPrefix: 'x-outpost-', maxResponseBodyBytes: 10 };
  const clock = { now: () => self.nowMs };
  const onChange = (tenant: TenantId, lanes: readonly LaneNumber[]): void => {
    changes.push([tenant, lanes]);
  };
  const box = secretBox('operator secret', randomBytes);
  const deps: DestinationDeps = {
    directory,
    types: registry([webhook(options), broker]),
    box,
    clock,
    newDestinationId: () => `des_${(seed += 1)}`,
    randomBytes,
    http: fakeHttpClient(),
    topics: { configured: ['user.created', 'user.updated', 'order.created'], allowWildcards: false },
    maxDestinationsPerTenant: 3,
    onChange,
    ...more,
  };
  const destinations = destinationUseCases(deps);
  const self: World = {
    directory,
    destinations,
    changes,
    box,
    nowMs: START_MS,
    create: (request = {}, role = 'admin', tenant = T) => destinations.create(tenant, draft(request), role),
    async patch(patch, role = 'admin', id = D) {
      const result = await destinations.patch(T, id, patch, role);
      assert.ok(!('redirectUrl' in result));
      return result;
    },
    async stored(id = D) {
      const row = await directory.findDestination(T, id);
      assert.ok(row !== null);
      return openCredentials(box, row);
    },
  };
  await tenantUseCases({ directory, clock, onChange: () => {} }).put(T, null);
  return self;
}

function draft(more: Partial<DestinationRequest>): DestinationRequest {
  return {
    id: 'd',
    type: 'webhook',
    topics: ['*'],
    filter: null,
    config: { url: 'https://example.test/hook' },
    credentials: null,
    deliveryMetadata: null,
    metadata: null,
    createdAtMs: null,
    updatedAtMs: null,
    disabledAtMs: null,
    ...more,
  };
}

/** Expects an AppError. `data` implies the message `validation error`. */
export async function refused(
  work: Promise<unknown>,
  code: ErrorCode,
  expected: { message?: string; data?: readonly string[] } = {},
): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code, error.message);
    if (expected.message !== undefined) assert.equal(error.message, expected.message);
    if (expected.data === undefined) return true;
    assert.equal(error.message, 'validation error');
    assert.deepEqual(error.data, expected.data);
    return true;
  });
}

export const invalid = (work: Promise<unknown>, data: readonly string[]): Promise<void> =>
  refused(work, 'invalid_request', { data });
export const says = (work: Promise<unknown>, message: string): Promise<void> =>
  refused(work, 'invalid_request', { message });
