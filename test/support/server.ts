/**
 * The whole server in this process, composed as the program does it: the API on a free port of loopback, a real store,
 * real deliveries. What a test doesn't set is as in the recorded `main` profile.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';

const MAIN: Readonly<Record<string, string>> = {
  PROFILE: 'memory',
  API_PORT: '0',
  API_HOST: '127.0.0.1',
  API_KEY: 'admin-key',
  API_JWT_SECRET: 'jwtsecret',
  AES_ENCRYPTION_SECRET: 'a secret of the tests',
  TOPICS: 'user.created,user.updated,order.created',
  RETRY_SCHEDULE: '1,2',
  DELIVERY_TIMEOUT_SECONDS: '2',
  DESTINATIONS_ALLOWED_NETWORKS: '127.0.0.0/8',
  IDGEN_DESTINATION_PREFIX: 'des_',
  IDGEN_EVENT_PREFIX: 'evt_',
  IDGEN_ATTEMPT_PREFIX: 'atm_',
};

export interface ServerUnderTest {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** What it logged as an error. */
  readonly errors: readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

/** @param env variables beside those of `MAIN`, as an operator writes them; empty ones unset theirs */
export async function serverUnderTest(env: Readonly<Record<string, string>> = {}): Promise<ServerUnderTest> {
  const errors: Readonly<Record<string, unknown>>[] = [];
  const dataDir = await mkdtemp(join(tmpdir(), 'outpost-test-'));
  const { config } = loadConfig({ ...MAIN, DATA_DIR: dataDir, ...env });
  const server = await compose(config, {
    log: (level, line) => void (level === 'error' && errors.push(line)),
    onFatal: (error) => errors.push({ event: 'fatal', error }),
  });
  const { url } = await server.start();
  return {
    host: new URL(url).host,
    errors,
    async close() {
      await server.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}
