/**
 * A whole server in this process over the memory store: the API on a real socket, real use-cases, real deliveries to
 * loopback. For tests that speak HTTP to it; what a test doesn't name has the settings of the recorded `main` profile.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { type ApiServer, apiServer } from '../../src/api/server.ts';
import { chores } from '../../src/delivery/chores.ts';
import { dispatcher } from '../../src/delivery/dispatcher.ts';
import { retryUseCase } from '../../src/delivery/manual-retry.ts';
import { openLanes } from '../../src/delivery/open-lanes.ts';
import { registry, senderOpener } from '../../src/destinations/registry.ts';
import { webhook } from '../../src/destinations/webhook/webhook.ts';
import { attemptIds } from '../../src/domain/attempt-id.ts';
import { eventId } from '../../src/domain/ids.ts';
import { secretBox } from '../../src/lib/secret-box.ts';
import { addressGuard } from '../../src/net/address-guard.ts';
import { httpClient } from '../../src/net/http-client.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { publishUseCase } from '../../src/publish/publish.ts';
import { rosterCache } from '../../src/publish/roster-cache.ts';
import { memoryStore } from '../../src/stores/memory/store.ts';
import { openCredentials } from '../../src/tenants/credentials.ts';
import { destinationUseCases } from '../../src/tenants/destinations.ts';
import { tenantUseCases } from '../../src/tenants/tenants.ts';

export const JWT_SECRET = 'jwtsecret';
const GRACE_MS = 5_000;
const RESPONSE_MAX_BYTES = 131_072;

export interface ServerOptions {
  /** Null: everybody is the operator. */
  readonly apiKey?: string | null;
  readonly topics?: readonly string[];
  readonly allowWildcards?: boolean;
  readonly delaysMs?: readonly number[];
  readonly maxDestinations?: number;
  readonly deploymentId?: string;
  readonly prefixes?: { readonly destination: string; readonly event: string; readonly attempt: string };
}

export interface ServerUnderTest {
  readonly api: ApiServer;
  readonly port: number;
  /** What it logged: its own faults. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

export async function serverUnderTest(options: ServerOptions = {}): Promise<ServerUnderTest> {
  const { prefixes = { destination: 'des_', event: 'evt_', attempt: 'atm_' } } = options;
  const { topics = ['user.created', 'user.updated', 'order.created'] } = options;
  const lines: Readonly<Record<string, unknown>>[] = [];
  const onError = (error: unknown): void => void lines.push({ level: 'error', error });
  const clock = systemClock();
  const store = memoryStore({ randomBytes, clock });
  const { directory, ledger, history } = store;
  const box = secretBox('a secret of the tests', randomBytes);
  const http = httpClient({
    guard: addressGuard({ allowedNetworks: ['127.0.0.0/8', '::1'] }),
    connectTimeoutMs: 2_000,
    firstByteTimeoutMs: 2_000,
    totalTimeoutMs: 2_000,
    responseMaxBytes: RESPONSE_MAX_BYTES,
    connectionsPerOrigin: 16,
    maxConnectionAgeMs: 60_000,
    userAgent: 'outpost-test/1',
    clock,
  });
  const types = registry([
    webhook({ userAgent: 'outpost-test/1', headerPrefix: 'x-outpost-', maxResponseBodyBytes: RESPONSE_MAX_BYTES }),
  ]);
  const lanes = openLanes({
    directory,
    openSender: senderOpener({
      registry: types,
      reveal: (destination) => openCredentials(box, destination),
      sender: { http, now: () => clock.now() },
    }),
    onCloseError: onError,
  });
  const dispatch = dispatcher({
    ledger,
    lanes,
    clock,
    random: Math.random,
    policy: { delaysMs: options.delaysMs ?? [1_000, 2_000], jitterShare: 0 },
    limits: { processMax: 64, laneMax: 16 },
    graceMs: GRACE_MS,
    onBug: onError,
    onDeletedLane: () => cleaning.wake(),
    onError,
  });
  const cleaning = chores({ ledger, clock, onRecovered: () => dispatch.wake(), onError });
  const rosters = rosterCache(directory);
  const onChange: Parameters<typeof tenantUseCases>[0]['onChange'] = (tenant, changed) => {
    rosters.forget(tenant);
    for (const lane of changed) lanes.forget(lane);
    cleaning.wake();
    dispatch.wake();
  };
  const api = apiServer({
    tenants: tenantUseCases({ directory, clock, onChange }),
    destinations: destinationUseCases({
      directory,
      box,
      clock,
      types,
      topics: { configured: topics, allowWildcards: options.allowWildcards ?? false },
      randomBytes,
      newDestinationId: () => prefixes.destination + randomUUID(),
      maxDestinationsPerTenant: options.maxDestinations ?? 20,
      onChange,
    }),
    publish: publishUseCase({
      rosters,
      ledger,
      handOver: dispatch,
      clock,
      newEventId: () => eventId(prefixes.event + randomUUID()),
      unknownTenant: 'accept',
      idConflict: 'reject',
    }),
    retry: retryUseCase({ history, directory, ledger, dispatcher: dispatch, clock }),
    history,
    providers: types.providers,
    attemptIds: attemptIds(store.attemptIdKey, prefixes.attempt),
    auth: {
      apiKey: options.apiKey === undefined ? 'admin-key' : options.apiKey,
      jwtSecret: JWT_SECRET,
      ...(options.deploymentId === undefined ? {} : { deploymentId: options.deploymentId }),
    },
    topics,
    clock,
    health: () => ({ isReady: true, workers: { dispatcher: true } }),
    log: (line) => lines.push(line),
  });
  dispatch.start();
  cleaning.start();
  const port = await api.listen(0, '127.0.0.1');
  return {
    api,
    port,
    lines,
    async close() {
      await api.close();
      await dispatch.stop();
      await cleaning.stop();
      await lanes.close();
      await http.close();
      await store.close();
    },
  };
}

function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, fire) {
      const timer = setTimeout(fire, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
