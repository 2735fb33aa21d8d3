/** The API over use-cases that a test makes; what it doesn't make is not there, and calling it is a fault of the test. */
import { type ApiDeps, type ApiServer, apiServer } from '../../src/api/server.ts';
import type { Published } from '../../src/publish/use-cases.ts';

export interface StubApi extends ApiServer {
  /** What it logged: its own faults. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

export function published(more: Partial<Published> = {}): Published {
  const id = 'e' as Published['id'];
  return { id, duplicate: false, conflict: false, destinationIds: [], reason: null, ...more };
}

/** By default nobody needs a credential, nothing is configured, and every publish is accepted. */
export function stubApi(deps: Partial<ApiDeps> = {}): StubApi {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const made: Partial<ApiDeps> = {
    publish: { publish: async () => published() },
    auth: { apiKey: null, jwtSecret: 'jwtsecret' },
    corsOrigins: [],
    topics: [],
    providers: [],
    clock: { now: () => 0, monotonicMs: () => 0, after: () => () => {} },
    health: () => ({ isReady: true, workers: {} }),
    log: (line) => lines.push(line),
    ...deps,
  };
  return { ...apiServer(made as ApiDeps), lines };
}
