/** An engine over a directory of its own, and short ways to drive it: tests show only what they are about. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AttemptOutcome, delivered } from '../../src/domain/attempt.ts';
import type { Destination } from '../../src/domain/destination.ts';
import type { NewEvent } from '../../src/domain/event.ts';
import { type LaneNumber, type TenantId, destinationId, eventId, tenantId } from '../../src/domain/ids.ts';
import type { RetryPolicy } from '../../src/domain/retry-schedule.ts';
import type { Tenant } from '../../src/domain/tenant.ts';
import type { DestinationDraft } from '../../src/ports/directory.ts';
import type { AcceptResult, ClaimResult, Lease, SettleResult } from '../../src/ports/ledger.ts';
import { roster } from '../../src/stores/sqlite/directory-queries.ts';
import { type Engine, type EngineOptions, openEngine } from '../../src/stores/sqlite/engine.ts';
import type { Kind, Operation, Operations } from '../../src/stores/sqlite/operations.ts';

export const NOW = 1_700_000_000_000;
/** One retry after 10 s, one after 60 s. */
export const POLICY: RetryPolicy = { delaysMs: [10_000, 60_000], jitterShare: 0 };
export const ACME = tenantId('acme');

export function engineOptions(dataDir: string, more: Partial<EngineOptions> = {}): EngineOptions {
  return {
    dataDir,
    secretCheck: new Uint8Array(32).fill(1),
    nowMs: NOW,
    randomBytes: (size) => new Uint8Array(size).fill(7),
    ...more,
  };
}

/** A directory that is removed at the test's end. */
export function withDirectory(use: (path: string) => void): () => void {
  return () => {
    const path = mkdtempSync(join(tmpdir(), 'outpost-engine-'));
    try {
      use(path);
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
  };
}

export function withEngine(use: (world: EngineWorld) => void): () => void {
  return withDirectory((path) => {
    const world = engineWorld(path);
    try {
      use(world);
    } finally {
      world.engine.close();
    }
  });
}

export interface PublishOptions extends Partial<Omit<NewEvent, 'id' | 'digest'>> {
  readonly id?: string;
  readonly tenant?: TenantId;
  /** Whether the dispatcher holds a slot for each match. */
  readonly slotReserved?: boolean;
  /** What the digest is made from. */
  readonly content?: string;
  /** Which lanes it matches; all of the tenant's if absent. */
  readonly lanes?: readonly LaneNumber[];
  /** Null: match inside. Absent: the current one. */
  readonly directoryVersion?: number | null;
}

export type EngineWorld = ReturnType<typeof engineWorld>;

export function engineWorld(path: string) {
  let engine: Engine = openEngine(engineOptions(path));
  let events = 0;

  function apply<K extends Kind>(kind: K, input: Operations[K][0]): Operations[K][1] {
    return engine.apply([{ kind, input } as Operation])[0] as Operations[K][1];
  }
  function acceptOperation(options: PublishOptions = {}): Operation<'accept'> {
    const { id = `e${(events += 1)}`, tenant = ACME, slotReserved = false, content = id, lanes, ...rest } = options;
    const { directoryVersion, ...event } = rest;
    const current = roster(engine.db, tenant);
    assert.ok(current !== null, 'the tenant is there');
    const matched = lanes ?? current.destinations.map((destination) => destination.lane);
    return {
      kind: 'accept',
      input: {
        tenant: current.tenant,
        directoryVersion: directoryVersion === undefined ? current.version : directoryVersion,
        matched: matched.map((lane) => ({ lane, slotReserved })),
        unmatched: [],
        event: {
          topic: 'order.created',
          time: { ms: NOW, nanos: 0 },
          metadata: {},
          data: new TextEncoder().encode('{"a":1}'),
          acceptedAtMs: NOW,
          eligibleForRetry: true,
          destinationId: null,
          ...event,
          id: eventId(id),
          digest: createHash('sha256').update(content).digest(),
        },
      },
    };
  }
  function publish(options: PublishOptions = {}): AcceptResult {
    return apply('accept', acceptOperation(options).input);
  }

  return {
    get engine() {
      return engine;
    },
    get db() {
      return engine.db;
    },
    /** Restarts: the same data in another life. */
    reopen(): void {
      engine.close();
      engine = openEngine(engineOptions(path));
    },
    apply,
    acceptOperation,
    publish,
    putTenant: (id: TenantId = ACME): Tenant => apply('putTenant', { id, metadata: null, nowMs: NOW }).tenant,
    createDestination(draft: Partial<DestinationDraft> = {}): Destination {
      const result = apply('createDestination', { draft: destinationDraft(draft), maxPerTenant: 5_000 });
      assert.equal(result.kind, 'created');
      return result.destination;
    },
    /** Publishes to be stored. */
    store(options: PublishOptions = {}): Extract<AcceptResult, { kind: 'accepted' }> {
      const result = publish(options);
      assert.equal(result.kind, 'accepted');
      assert.equal(result.leases.length, 0, 'nothing is handed over');
      return result;
    },
    /** Publishes to be handed over, and answers the one lease. */
    handOver(options: PublishOptions = {}): Lease {
      const result = publish({ slotReserved: true, ...options });
      assert.equal(result.kind, 'accepted');
      assert.equal(result.leases.length, 1, 'it is handed over');
      return result.leases[0]!;
    },
    claim(options: Partial<Operations['claim'][0]> = {}): ClaimResult {
      const room = options?.room ?? 100;
      // All of it reserved, as when slots are scarce: each tenant takes no more than what it leaves.
      const share = { free: room, reserved: room };
      return apply('claim', { nowMs: NOW, room, ...share, laneCap: 16, busy: new Map(), ...options });
    },
    settle(lease: Lease, outcome: AttemptOutcome = delivered('200'), finishedAtMs = NOW + 5): SettleResult {
      return apply('settle', settleInput(lease, outcome, finishedAtMs));
    },
    rows: (sql: string): Record<string, unknown>[] =>
      engine.db
        .prepare(sql)
        .all()
        .map((row) => ({ ...row })),
  };
}

export function settleInput(lease: Lease, outcome: AttemptOutcome, finishedAtMs = NOW + 5): Operations['settle'][0] {
  return { lease, trigger: lease.trigger, outcome, startedAtMs: NOW, finishedAtMs, policy: POLICY, random: 0 };
}

export function destinationDraft(draft: Partial<DestinationDraft> = {}): DestinationDraft {
  return {
    tenantId: ACME,
    id: destinationId('d1'),
    type: 'webhook',
    topics: ['*'],
    filter: null,
    config: { url: 'https://receiver.test/' },
    credentials: { secret: 'sealed' },
    deliveryMetadata: null,
    metadata: null,
    createdAtMs: NOW,
    updatedAtMs: NOW,
    disabledAtMs: null,
    ...draft,
  };
}
