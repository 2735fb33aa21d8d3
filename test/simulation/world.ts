/**
 * One simulated day: tenants whose destinations come, go, and switch on and off, publishers that repeat what was not
 * acknowledged, receivers that fail in every way, and a process that crashes and is started again. Afterwards faults
 * stop, receivers heal, everything is enabled, and the oracle looks at what was promised and what arrived.
 */
import type { Destination } from '../../src/domain/destination.ts';
import { destinationId, eventId, type EventId, tenantId, type TenantId } from '../../src/domain/ids.ts';
import type { HttpClient } from '../../src/ports/http-client.ts';
import type { Sender } from '../../src/ports/provider.ts';
import type { Store } from '../../src/ports/store.ts';
import { type Faults, type Life, startLife } from './life.ts';
import { type Behaviour, type Network, network, type Post } from './network.ts';
import { type Seeded, seeded } from './seeded.ts';
import { type Trace, trace } from './trace.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

/** Publishes, switches and crashes fall into the first minute; the rest is for coming to rest. */
const BUSY_MS = 60_000;
/** Longer than what two jumps of the wall clock can put off. */
const REST_MS = 4 * 3_600_000;
/** Short delays, so that every delivery reaches its end well within the rest. */
export const POLICY = { delaysMs: [1_000, 2_000, 4_000, 8_000], jitterShare: 0.1 };
const QUIET: Faults = { refused: 0, crashBefore: 0, crashAfter: 0, slowMs: 2 };

/** How a driver is opened, and opened again over the same data after a crash. */
export interface SimulatedDriver {
  readonly name: string;
  /** A new store that shares no data with any other, deterministic from `random`. */
  create(clock: VirtualClock, random: Seeded): Promise<SimulatedData>;
}

export interface SimulatedData {
  /** A new life over the data; the one before is dead. */
  open(): Promise<Store>;
  /** Removes the data. */
  remove(): Promise<void>;
}

/** A switch of a destination, from when it was asked for until it was answered; null: never answered. */
export interface Switch {
  readonly kind: 'created' | 'enabled' | 'disabled' | 'deleted';
  readonly destinationId: string;
  readonly startedMs: number;
  endedMs: number | null;
}

export interface Publication {
  readonly id: EventId;
  readonly tenantId: TenantId;
  readonly eligible: boolean;
  readonly data: Buffer;
  /** Of the first try: a try that was never answered may have committed. */
  startedMs: number;
  ackedMs: number | null;
  destinationIds: readonly string[];
}

export interface Outcome {
  readonly store: Store;
  readonly publications: readonly Publication[];
  readonly switches: readonly Switch[];
  readonly destinations: readonly { readonly id: string; readonly tenant: TenantId }[];
  readonly acceptedRetries: readonly { readonly eventId: string; readonly destinationId: string }[];
  readonly posts: readonly Post[];
  readonly trace: Trace;
}

export type OpenSender = (destination: Destination, http: HttpClient, now: () => number) => Sender;

export async function simulate(
  options: { readonly seed: number; readonly driver: SimulatedDriver; readonly openSender: OpenSender },
  judge: (outcome: Outcome) => Promise<void>,
): Promise<Trace> {
  const random = seeded(options.seed);
  const clock = virtualClock();
  const lines = trace(clock.monotonicMs);
  const data = await options.driver.create(clock, random);
  const world = new World(options, random, clock, lines, data);
  try {
    await world.run();
    await judge(world.outcome());
  } finally {
    await world.close();
    await data.remove();
  }
  return lines;
}

/** The actors of one run; a class because they share everything. */
class World {
  readonly publications: Publication[] = [];
  readonly switches: Switch[] = [];
  readonly acceptedRetries: { eventId: string; destinationId: string }[] = [];
  readonly destinations: { id: string; tenant: TenantId }[] = [];
  private readonly options: { readonly seed: number; readonly openSender: OpenSender };
  private readonly random: Seeded;
  private readonly clock: VirtualClock;
  private readonly lines: Trace;
  private readonly data: SimulatedData;
  private readonly net: Network;
  private faults: Faults = QUIET;
  private store: Store | null = null;
  private life: Life | null = null;
  private restarts = 0;
  private tenants: TenantId[] = [];

  constructor(
    options: { readonly seed: number; readonly openSender: OpenSender },
    random: Seeded,
    clock: VirtualClock,
    lines: Trace,
    data: SimulatedData,
  ) {
    this.options = options;
    this.random = random;
    this.clock = clock;
    this.lines = lines;
    this.data = data;
    this.net = network(clock, random, lines);
  }

  async run(): Promise<void> {
    const { random, clock } = this;
    await this.start();
    await this.settleDown(this.setUp());
    this.faults = {
      refused: random.pick([0, 0, 0.02, 0.1]),
      crashBefore: random.pick([0, 0.002, 0.01]),
      crashAfter: random.pick([0, 0.002, 0.01]),
      slowMs: random.pick([0, 2, 20, 400]),
    };
    for (let count = random.between(10, 40); count > 0; count -= 1) this.later(() => this.publishSomething());
    for (let count = random.between(0, 8); count > 0; count -= 1) this.later(() => this.switchSomething());
    for (let count = random.between(0, 4); count > 0; count -= 1) this.later(() => this.retrySomething());
    for (let count = random.between(0, 2); count > 0; count -= 1) {
      this.later(async () => this.clock.jump(random.pick([-3_600_000, -500, 700, 90_000, 3_600_000])));
    }
    if (random.chance(0.5)) this.later(async () => this.life?.kill('by the operator'));
    await clock.runUntil(clock.monotonicMs() + BUSY_MS);

    this.faults = QUIET;
    this.net.heal();
    this.lines('heal');
    await clock.runUntil(clock.monotonicMs() + BUSY_MS);
    // Whatever the switches came to, most of what is off is switched on again; the rest stays off, and visible.
    for (const destination of this.destinations) {
      if (random.chance(0.7)) await this.settleDown(this.flip(destination, false));
    }
    await clock.runUntil(clock.monotonicMs() + REST_MS);
  }

  outcome(): Outcome {
    if (this.store === null) throw new Error('the world did not run');
    return {
      store: this.store,
      publications: this.publications,
      switches: this.switches,
      destinations: this.destinations,
      acceptedRetries: this.acceptedRetries,
      posts: this.net.posts,
      trace: this.lines,
    };
  }

  async close(): Promise<void> {
    if (this.life !== null && !this.life.isDead) await this.settleDown(this.life.stop());
    await this.store?.close();
  }

  /** Runs one actor at a moment of the busy minute. A refusal or a dead process is for the actor to bear. */
  private later(act: () => Promise<void>): void {
    this.clock.after(this.random.between(0, BUSY_MS), () => {
      act().catch((error: unknown) => this.lines(`given up: ${(error as Error).message}`));
    });
  }

  /** Lets time pass until a promise is settled: nothing else moves the clock. */
  private async settleDown(work: Promise<unknown>): Promise<void> {
    let state: { isDone: boolean; error?: unknown } = { isDone: false };
    work.then(
      () => (state = { isDone: true }),
      (error: unknown) => (state = { isDone: true, error }),
    );
    for (let waits = 0; !state.isDone && waits < 10_000; waits += 1) {
      await this.clock.runUntil(this.clock.monotonicMs() + 50);
    }
    if (!state.isDone) throw new Error('a call was never answered');
    if (state.error !== undefined) throw state.error;
  }

  private async start(): Promise<void> {
    const store = await this.data.open();
    this.store = store;
    this.lines('start');
    let newIds = 0;
    this.life = startLife({
      store,
      clock: this.clock,
      random: this.random,
      trace: this.lines,
      faults: () => this.faults,
      policy: POLICY,
      http: (life) => this.net.client(life),
      openSender: this.options.openSender,
      newEventId: () => eventId(`made_${this.restarts}_${++newIds}`),
      onDeath: () => {
        this.restarts += 1;
        this.clock.after(this.random.between(1, 3_000), () => {
          this.start().catch((error: unknown) => {
            throw error;
          });
        });
      },
    });
  }

  private async setUp(): Promise<void> {
    const { random } = this;
    for (let count = random.between(1, 3); count > 0; count -= 1) {
      const tenant = tenantId(`tenant_${count}`);
      this.tenants.push(tenant);
      await this.life!.directory.putTenant(tenant, null, this.clock.now());
      for (let lanes = random.between(1, 3); lanes > 0; lanes -= 1) await this.create(tenant);
    }
  }

  private async create(tenant: TenantId): Promise<void> {
    const id = `des_${this.destinations.length + 1}`;
    this.net.setBehaviour(id, this.behaviour());
    const nowMs = this.clock.now();
    const isDone = this.begin('created', id);
    const life = this.life!;
    const result = await life.directory.createDestination(
      {
        tenantId: tenant,
        id: destinationId(id),
        type: 'webhook',
        topics: ['*'],
        filter: null,
        config: { url: `http://receiver.test/${id}` },
        credentials: { secret: 'simulated' },
        deliveryMetadata: null,
        metadata: null,
        createdAtMs: nowMs,
        updatedAtMs: nowMs,
        disabledAtMs: null,
      },
      20,
    );
    if (result.kind !== 'created') throw new Error(`destination not created: ${result.kind}`);
    life.changed(tenant, [result.destination.lane]);
    this.destinations.push({ id, tenant });
    isDone();
  }

  private behaviour(): Behaviour {
    const { random } = this;
    return random.pick<Behaviour>([
      { kind: 'ok', delayMs: random.between(0, 300) },
      { kind: 'ok', delayMs: 3 },
      { kind: 'fails_first', times: random.between(1, 5) },
      { kind: 'hangs' },
      { kind: 'flaky', share: 0.5 },
      { kind: 'status', status: 500, retryAfter: null },
      { kind: 'status', status: 429, retryAfter: '3' },
      { kind: 'status', status: 302, retryAfter: null },
      { kind: 'status', status: 410, retryAfter: null },
    ]);
  }

  private async publishSomething(): Promise<void> {
    const { random } = this;
    const tenant = random.pick(this.tenants);
    const id = eventId(`evt_${this.publications.length + 1}`);
    // Spacing, number spelling and escapes that a parse and a rewrite would change.
    const bytes = Buffer.from(`{ "n": 1.0, "big":12345678901234567890,"text":"\\u0041 ${id}" }`);
    this.net.expect(id, bytes);
    const publication: Publication = {
      id,
      tenantId: tenant,
      eligible: random.chance(0.9),
      data: bytes,
      startedMs: -1,
      ackedMs: null,
      destinationIds: [],
    };
    this.publications.push(publication);
    await this.publishUntilAcked(publication, random.between(1, 6));
    // Some publishers repeat what was acknowledged.
    if (publication.ackedMs !== null && random.chance(0.1)) await this.publishOnce(publication);
  }

  private async publishUntilAcked(publication: Publication, tries: number): Promise<void> {
    for (let left = tries; left > 0 && publication.ackedMs === null; left -= 1) {
      const answered = await this.within(2_000, this.publishOnce(publication));
      if (!answered) await this.pause(this.random.between(100, 4_000));
    }
  }

  private async publishOnce(publication: Publication): Promise<void> {
    const life = this.life;
    if (life === null || life.isDead) throw new Error('connection refused');
    if (publication.startedMs < 0) publication.startedMs = this.clock.monotonicMs();
    const published = await life.publish.publish({
      tenantId: publication.tenantId,
      id: publication.id,
      idempotencyKey: null,
      destinationId: null,
      topic: 'user.created',
      time: null,
      eligibleForRetry: publication.eligible,
      metadata: {},
      data: new Uint8Array(publication.data),
    });
    this.lines(`acked ${publication.id} ${published.destinationIds.join(',')}`);
    // An event that matched nothing is matched again when it is published again.
    if (publication.ackedMs !== null && publication.destinationIds.length > 0) return;
    publication.ackedMs = this.clock.monotonicMs();
    publication.destinationIds = published.destinationIds;
  }

  private async switchSomething(): Promise<void> {
    const { random } = this;
    if (random.chance(0.2)) return this.create(random.pick(this.tenants));
    const destination = random.pick(this.destinations);
    if (random.chance(0.15)) return this.remove(destination);
    return this.flip(destination, random.chance(0.6));
  }

  private async flip(destination: { id: string; tenant: TenantId }, isOff: boolean): Promise<void> {
    const life = this.life!;
    const isDone = this.begin(isOff ? 'disabled' : 'enabled', destination.id);
    const at = isOff ? this.clock.now() : null;
    const changed = await life.directory.setDisabled(destination.tenant, destinationId(destination.id), at);
    if (changed === null) return;
    life.changed(destination.tenant, [changed.lane]);
    isDone();
  }

  private async remove(destination: { id: string; tenant: TenantId }): Promise<void> {
    const life = this.life!;
    const isDone = this.begin('deleted', destination.id);
    const lane = await life.directory.deleteDestination(destination.tenant, destinationId(destination.id));
    if (lane === null) return;
    life.changed(destination.tenant, [lane]);
    isDone();
  }

  private async retrySomething(): Promise<void> {
    const publication = this.random.pick(this.publications);
    if (publication.ackedMs === null || publication.destinationIds.length === 0) return;
    const id = this.random.pick(publication.destinationIds);
    const life = this.life;
    if (life === null || life.isDead) return;
    await life.retry.retry({ kind: 'all' }, publication.id, destinationId(id));
    this.lines(`retry accepted ${publication.id} ${id}`);
    this.acceptedRetries.push({ eventId: publication.id, destinationId: id });
  }

  private begin(kind: Switch['kind'], id: string): () => void {
    const entry: Switch = { kind, destinationId: id, startedMs: this.clock.monotonicMs(), endedMs: null };
    this.switches.push(entry);
    this.lines(`${kind} ${id} asked`);
    return () => {
      entry.endedMs = this.clock.monotonicMs();
      this.lines(`${kind} ${id} answered`);
    };
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(delayMs, resolve);
    });
  }

  /** True if the work succeeded in time; a publisher doesn't wait for ever for a process that died. */
  private within(limitMs: number, work: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(limitMs, () => resolve(false));
      work.then(
        () => {
          cancel();
          resolve(true);
        },
        () => {
          cancel();
          resolve(false);
        },
      );
    });
  }
}
