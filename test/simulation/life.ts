/**
 * One life of the program over a store that outlives it: the real publish and delivery code, with a ledger whose calls
 * are slow, fail, or take the process down before or after they commit. A dead life's timers never fire and its calls
 * never answer, as if the process were gone.
 */
import type { Destination } from '../../src/domain/destination.ts';
import type { EventId } from '../../src/domain/ids.ts';
import type { RetryPolicy } from '../../src/domain/retry-schedule.ts';
import { chores } from '../../src/delivery/chores.ts';
import { dispatcher } from '../../src/delivery/dispatcher.ts';
import { retryUseCase } from '../../src/delivery/manual-retry.ts';
import { openLanes } from '../../src/delivery/open-lanes.ts';
import type { RetryUseCase } from '../../src/delivery/use-cases.ts';
import { publishUseCase } from '../../src/publish/publish.ts';
import { rosterCache } from '../../src/publish/roster-cache.ts';
import type { PublishUseCase } from '../../src/publish/use-cases.ts';
import { AppError } from '../../src/lib/errors.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Directory } from '../../src/ports/directory.ts';
import type { HttpClient } from '../../src/ports/http-client.ts';
import type { Ledger } from '../../src/ports/ledger.ts';
import type { Sender } from '../../src/ports/provider.ts';
import type { Store } from '../../src/ports/store.ts';
import type { LaneNumber, TenantId } from '../../src/domain/ids.ts';
import type { Seeded } from './seeded.ts';
import type { Trace } from './trace.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface Faults {
  /** Per call of the ledger. */
  readonly refused: number;
  readonly crashBefore: number;
  readonly crashAfter: number;
  /** Longest wait before and after a commit. */
  readonly slowMs: number;
}

export interface Life {
  readonly isDead: boolean;
  readonly publish: PublishUseCase;
  readonly retry: RetryUseCase;
  readonly directory: Directory;
  /** As the tenants use-cases do after each committed change. */
  changed(tenant: TenantId, lanes: readonly LaneNumber[]): void;
  kill(why: string): void;
  /** Ends this life as SIGTERM does. */
  stop(): Promise<void>;
}

export interface LifeDeps {
  readonly store: Store;
  readonly clock: VirtualClock;
  readonly random: Seeded;
  readonly trace: Trace;
  readonly faults: () => Faults;
  readonly policy: RetryPolicy;
  readonly http: (life: Life) => HttpClient;
  readonly openSender: (destination: Destination, http: HttpClient, now: () => number) => Sender;
  readonly newEventId: () => EventId;
  /** Called once, when this life ended by a crash. */
  readonly onDeath: () => void;
}

export function startLife(deps: LifeDeps): Life {
  const { store, random, trace } = deps;
  let isDead = false;
  const bugs: unknown[] = [];

  const clock: Clock = {
    now: deps.clock.now,
    monotonicMs: deps.clock.monotonicMs,
    after: (delayMs, fire) =>
      deps.clock.after(delayMs, () => {
        if (!isDead) fire();
      }),
  };

  function kill(why: string): void {
    if (isDead) return;
    isDead = true;
    trace(`crash ${why}`);
    deps.onDeath();
  }

  /** One call of a port as a process on a bad day sees it. */
  function faulty<T>(name: string, call: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const faults = deps.faults();
      const alive = (then: () => void): void => {
        if (!isDead) then();
      };
      deps.clock.after(random.between(0, faults.slowMs), () => {
        if (isDead) return;
        if (random.chance(faults.crashBefore)) return kill(`before ${name}`);
        if (random.chance(faults.refused)) {
          trace(`refused ${name}`);
          return reject(new AppError('unavailable', 'the store takes nothing now'));
        }
        const answered = call();
        if (random.chance(faults.crashAfter)) kill(`after ${name}`);
        const delayMs = random.between(0, faults.slowMs);
        answered.then(
          (answer) => deps.clock.after(delayMs, () => alive(() => resolve(answer))),
          (error: unknown) => deps.clock.after(delayMs, () => alive(() => reject(error))),
        );
      });
    });
  }

  const ledger: Ledger = {
    accept: (request) => faulty('accept', () => store.ledger.accept(request)),
    claim: (request) => faulty('claim', () => store.ledger.claim(request)),
    settle: (request) =>
      faulty('settle', async () => {
        const result = await store.ledger.settle(request);
        trace(`settled ${request.lease.event} ${request.lease.lane} ${request.outcome.code} ${result.state}`);
        return result;
      }),
    release: (leases, nowMs) => faulty('release', () => store.ledger.release(leases, nowMs)),
    retry: (request) => faulty('retry', () => store.ledger.retry(request)),
    loadPayloads: (events) => faulty('load', () => store.ledger.loadPayloads(events)),
    recover: (limit, nowMs) => faulty('recover', () => store.ledger.recover(limit, nowMs)),
    removeDeleted: (limit, nowMs) => faulty('remove', () => store.ledger.removeDeleted(limit, nowMs)),
    stats: () => store.ledger.stats(),
  };
  const directory: Directory = {
    ...store.directory,
    setDisabled: (tenant, id, at) => faulty('set disabled', () => store.directory.setDisabled(tenant, id, at)),
    deleteDestination: (tenant, id) => faulty('delete', () => store.directory.deleteDestination(tenant, id)),
    createDestination: (draft, most) => faulty('create', () => store.directory.createDestination(draft, most)),
    roster: (tenant) => faulty('roster', () => store.directory.roster(tenant)),
    findLane: (lane) => faulty('find lane', () => store.directory.findLane(lane)),
  };

  // A refused store is part of the weather; anything else that surfaces here is a bug.
  const onError = (error: unknown): void => {
    if (!(error instanceof AppError)) bugs.push(error);
  };
  const life: Life = {
    get isDead() {
      return isDead;
    },
    get publish() {
      return publish;
    },
    get retry() {
      return retry;
    },
    directory,
    changed(tenant, lanes) {
      rosters.forget(tenant);
      for (const lane of lanes) lanesOpen.forget(lane);
      dispatch.wake();
      housekeeping.wake();
    },
    kill,
    async stop() {
      await dispatch.stop();
      await housekeeping.stop();
      if (bugs.length > 0) throw bugs[0];
    },
  };
  const rosters = rosterCache(directory);
  const http = deps.http(life);
  const lanesOpen = openLanes({
    directory,
    openSender: (destination) => deps.openSender(destination, http, clock.now),
    onCloseError: onError,
  });
  const housekeeping = chores({ ledger, clock, random: random.next, onRecovered: () => dispatch.wake(), onError });
  const dispatch = dispatcher({
    ledger,
    lanes: lanesOpen,
    clock,
    random: random.next,
    policy: deps.policy,
    limits: { processMax: 16, laneMax: 4 },
    graceMs: 60_000,
    onBug: onError,
    onDeletedLane: () => housekeeping.wake(),
    onError,
  });
  const publish = publishUseCase({
    rosters,
    ledger,
    handOver: dispatch,
    clock,
    newEventId: deps.newEventId,
    // Nobody here sends a key.
    eventIdOfKey: deps.newEventId,
    unknownTenant: 'accept',
    idConflict: 'reject',
  });
  const retry = retryUseCase({ history: store.history, directory, ledger, dispatcher: dispatch, clock });
  dispatch.start();
  housekeeping.start();
  return life;
}
