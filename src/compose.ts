/**
 * Joins everything up: the one file that picks a profile and knows everybody. Below it nothing reads the environment,
 * the clock or chance by itself.
 *
 * Order of stopping, each step with its own end: take no more requests; let attempts finish and settle, give back what
 * has not begun; close senders and connections; close the store.
 */
import { randomBytes } from 'node:crypto';
import { type ApiServer, apiServer } from './api/server.ts';
import type { Health } from './api/probes.ts';
import type { Config } from './config/load.ts';
import { chores } from './delivery/chores.ts';
import { dispatcher } from './delivery/dispatcher.ts';
import { retryUseCase } from './delivery/manual-retry.ts';
import { openLanes } from './delivery/open-lanes.ts';
import { hookdeck } from './destinations/hookdeck/hookdeck.ts';
import { rabbitmq } from './destinations/rabbitmq/rabbitmq.ts';
import { registry, senderOpener } from './destinations/registry.ts';
import { webhook } from './destinations/webhook/webhook.ts';
import { attemptIds } from './domain/attempt-id.ts';
import { eventId, type LaneNumber, type TenantId } from './domain/ids.ts';
import { keyedEventIds } from './domain/keyed-event-id.ts';
import { idGenerator } from './lib/id-generator.ts';
import { type SecretBox, secretBox } from './lib/secret-box.ts';
import { systemClock } from './lib/system-clock.ts';
import { addressGuard } from './net/address-guard.ts';
import { guardedConnect } from './net/guarded-connect.ts';
import { httpClient } from './net/http-client.ts';
import type { LedgerStats } from './ports/ledger.ts';
import type { Store } from './ports/store.ts';
import { publishUseCase } from './publish/publish.ts';
import { rosterCache } from './publish/roster-cache.ts';
import { memoryStore } from './stores/memory/store.ts';
import { sqliteStore } from './stores/sqlite/store.ts';
import { openCredentials } from './tenants/credentials.ts';
import { destinationUseCases } from './tenants/destinations.ts';
import { tenantUseCases } from './tenants/tenants.ts';
import { VERSION } from './version.ts';

/** A name that moved is resolved again within this. */
const CONNECTION_AGE_MAX_MS = 300_000;

export interface Outpost {
  /** Begins to listen and to deliver. */
  start(): Promise<{ readonly url: string }>;
  /** Resolves when nothing runs any more; safe to call twice. */
  stop(): Promise<void>;
  /** What the store knows of itself, for `/metrics`. */
  stats(): Promise<LedgerStats>;
  /** Attempts under way. */
  inFlight(): number;
}

export interface Surroundings {
  /** One line of the log. */
  log(level: 'info' | 'warn' | 'error', line: Readonly<Record<string, unknown>>): void;
  /** The store can't go on, or a bug was met that leaves the process in doubt: it has to end and start anew. */
  onFatal(error: Error): void;
}

export async function compose(config: Config, surroundings: Surroundings): Promise<Outpost> {
  const box = secretBox(config.aesEncryptionSecret.reveal(), randomBytes);
  let isStoreWorking = true;
  const store = await openStore(config, box, {
    ...surroundings,
    onFatal(error) {
      isStoreWorking = false;
      surroundings.onFatal(error);
    },
  });
  const outbound = outboundOf(config);
  const delivery = deliveryOf(config, { store, box, outbound, surroundings });
  let isReady = false;
  let isListening = false;
  const health = (): Health => ({
    isReady,
    workers: {
      api: isListening,
      chores: delivery.housekeeping.isWorking,
      dispatcher: delivery.dispatch.isWorking,
      store: isStoreWorking,
    },
  });
  const api = apiOf(config, { store, box, outbound, delivery, health, surroundings });

  let stopping: Promise<void> | null = null;
  return {
    async start() {
      const port = await api.listen(config.apiPort, config.apiHost);
      isListening = true;
      delivery.dispatch.start();
      delivery.housekeeping.start();
      isReady = true;
      return { url: `http://${urlHost(config.apiHost)}:${port}` };
    },
    stop() {
      stopping ??= (async () => {
        isReady = false;
        // Together: a publisher that is slow to finish its request must not keep deliveries going, nor the other way.
        await Promise.all([api.close(), delivery.dispatch.stop()]);
        await delivery.housekeeping.stop();
        await outbound.client.close();
        await store.close();
      })();
      return stopping;
    },
    stats: () => store.ledger.stats(),
    inFlight: () => delivery.dispatch.inFlight,
  };
}

/** The way out, and the destination types that use it. */
function outboundOf(config: Config) {
  const userAgent = config.userAgent ?? `Outpost/${VERSION}`;
  const guard = addressGuard({ allowedNetworks: config.allowedNetworks });
  const client = httpClient({
    guard,
    connectTimeoutMs: config.deliveryTimeoutMs,
    firstByteTimeoutMs: config.deliveryTimeoutMs,
    totalTimeoutMs: config.deliveryTimeoutMs,
    responseMaxBytes: config.responseMaxBytes,
    // A pool queues what it has no connection for, whoever it belongs to: with one for each slot nobody waits for another.
    connectionsPerOrigin: config.deliveryMaxConcurrency,
    maxConnectionAgeMs: CONNECTION_AGE_MAX_MS,
    userAgent,
    clock: systemClock,
  });
  const types = registry([
    webhook({ userAgent, headerPrefix: 'x-outpost-', maxResponseBodyBytes: config.responseMaxBytes }),
    hookdeck({
      apiUrl: config.hookdeckApiUrl,
      eventsUrl: config.hookdeckEventsUrl,
      maxResponseBodyBytes: config.responseMaxBytes,
    }),
    rabbitmq({ dial: guardedConnect(guard), timeoutMs: config.deliveryTimeoutMs, clock: systemClock }),
  ]);
  return { client, types };
}

interface DeliveryParts {
  readonly store: Store;
  readonly box: SecretBox;
  readonly outbound: ReturnType<typeof outboundOf>;
  readonly surroundings: Surroundings;
}

/** What sends, what keeps the store in order beside it, and what both must hear of when destinations change. */
function deliveryOf(config: Config, { store, box, outbound, surroundings: { log } }: DeliveryParts) {
  const { ledger, directory } = store;
  const clock = systemClock;
  const random = Math.random;
  const onError = (error: unknown, doing: string): void => log('error', { event: 'error', doing, error });
  const rosters = rosterCache(directory);
  const lanes = openLanes({
    directory,
    openSender: senderOpener({
      registry: outbound.types,
      reveal: (destination) => openCredentials(box, destination),
      sender: { http: outbound.client, now: clock.now },
    }),
    onCloseError: (error) => onError(error, 'close a sender'),
  });
  const housekeeping = chores({
    ledger,
    clock,
    random,
    onRecovered: (count) => {
      log('info', { event: 'recovered', deliveries: count });
      dispatch.wake();
    },
    onError,
  });
  const dispatch = dispatcher({
    ledger,
    lanes,
    clock,
    random,
    policy: config.retryPolicy,
    limits: { processMax: config.deliveryMaxConcurrency, laneMax: config.destinationMaxConcurrency },
    graceMs: config.shutdownGraceMs,
    onBug: (error) => onError(error, 'attempt'),
    onDeletedLane: () => housekeeping.wake(),
    onError,
  });
  const onChange = (tenant: TenantId, changed: readonly LaneNumber[]): void => {
    rosters.forget(tenant);
    for (const lane of changed) lanes.forget(lane);
    dispatch.wake();
    housekeeping.wake();
  };
  return { rosters, dispatch, housekeeping, onChange };
}

interface ApiParts extends DeliveryParts {
  readonly delivery: ReturnType<typeof deliveryOf>;
  readonly health: () => Health;
}

/** The use-cases, and the API over them. */
function apiOf(config: Config, { store, box, outbound, delivery, health, surroundings: { log } }: ApiParts): ApiServer {
  const { directory, ledger, history } = store;
  const { rosters, dispatch, onChange } = delivery;
  const clock = systemClock;
  const newEventId = idGenerator(config.idgenType, config.idgenEventPrefix);
  return apiServer({
    tenants: tenantUseCases({ directory, clock, onChange }),
    destinations: destinationUseCases({
      directory,
      types: outbound.types,
      box,
      clock,
      newDestinationId: idGenerator(config.idgenType, config.idgenDestinationPrefix),
      randomBytes,
      http: outbound.client,
      topics: { configured: config.topics, allowWildcards: config.topicsAllowWildcards },
      maxDestinationsPerTenant: config.maxDestinationsPerTenant,
      onChange,
    }),
    publish: publishUseCase({
      rosters,
      ledger,
      handOver: dispatch,
      clock,
      newEventId: () => eventId(newEventId()),
      // Of the store's keys, so that a key means the same after a restart.
      eventIdOfKey: keyedEventIds(store.attemptIdKey, config.idgenEventPrefix),
      unknownTenant: config.publishUnknownTenant,
      idConflict: config.publishIdConflict,
    }),
    retry: retryUseCase({ history, directory, ledger, dispatcher: dispatch, clock }),
    history,
    providers: outbound.types.providers,
    attemptIds: attemptIds(store.attemptIdKey, config.idgenAttemptPrefix),
    auth: {
      apiKey: config.apiKey?.reveal() ?? null,
      jwtSecret: config.apiJwtSecret.reveal(),
      ...(config.deploymentId === null ? {} : { deploymentId: config.deploymentId }),
    },
    corsOrigins: config.apiCorsOrigins,
    topics: config.topics,
    clock,
    health,
    log: (line) => log('error', line),
  });
}

async function openStore(config: Config, box: SecretBox, { log, onFatal }: Surroundings): Promise<Store> {
  switch (config.profile) {
    case 'memory':
      return memoryStore({ randomBytes, clock: systemClock });
    case 'embedded':
      return openSqlite(config, box, { log, onFatal });
    default: {
      const never: never = config.profile;
      throw new Error(`unknown profile ${String(never)}`);
    }
  }
}

async function openSqlite(config: Config, box: SecretBox, { log, onFatal }: Surroundings): Promise<Store> {
  const store = await sqliteStore({
    dataDir: config.dataDir,
    secretCheck: box.check,
    clock: systemClock,
    randomBytes,
    threads: true,
    onFailure: onFatal,
  });
  for (const message of store.warnings) log('warn', { event: 'store_warning', message });
  return store;
}

/** How a host is written in a URL; what listens on every address is shown by the one that works here. */
function urlHost(host: string): string {
  if (host === '::' || host === '0.0.0.0') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
