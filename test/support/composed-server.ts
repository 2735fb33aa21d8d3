/**
 * The whole program in this process, as `serve` joins it, on a free port of the loopback interface: for tests that speak
 * HTTP to it and don't need a process to kill. Settings are given as an operator gives them, in the environment.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose, type Outpost } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type ApiClient, apiClient } from './api-client.ts';

export const ADMIN_KEY = 'admin-key-of-the-tests';
export const JWT_SECRET = 'jwt-secret-of-the-tests';
export const PROFILES = ['memory', 'embedded'] as const;
export type Profile = (typeof PROFILES)[number];

export interface ComposedServer extends ApiClient {
  readonly url: string;
  readonly adminKey: string;
  readonly dataDir: string;
  /** What it logged. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** Stops it and removes what it stored. Safe to call twice. */
  stop(): Promise<void>;
  /** Stops it and starts it again on the same data, on another port. @param env in addition to the first start's */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
}

export interface ComposedOptions {
  readonly profile: Profile;
  readonly env?: Readonly<Record<string, string>>;
  /** Stays when the server stops; without it there is a directory of its own. */
  readonly dataDir?: string;
}

export async function composedServer(options: ComposedOptions): Promise<ComposedServer> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'outpost-e2e-'));
  const lines: Readonly<Record<string, unknown>>[] = [];
  let running: { readonly outpost: Outpost; readonly url: string } | null = null;

  async function start(more: Readonly<Record<string, string>>): Promise<void> {
    const { config } = loadConfig({
      API_PORT: '0',
      API_HOST: '127.0.0.1',
      API_KEY: ADMIN_KEY,
      API_JWT_SECRET: JWT_SECRET,
      AES_ENCRYPTION_SECRET: 'encryption-secret-of-the-tests',
      DESTINATIONS_ALLOWED_NETWORKS: '127.0.0.0/8',
      PROFILE: options.profile,
      DATA_DIR: dataDir,
      ...options.env,
      ...more,
    });
    const outpost = await compose(config, {
      log: (level, line) => lines.push({ level, ...line }),
      onFatal: (error) => lines.push({ level: 'fatal', error }),
    });
    try {
      running = { outpost, ...(await outpost.start()) };
    } catch (error) {
      await outpost.stop();
      throw error;
    }
  }
  async function halt(): Promise<void> {
    await running?.outpost.stop();
    running = null;
  }
  const url = (): string => {
    if (running === null) throw new Error('the server does not run');
    return running.url;
  };

  await start({});
  return {
    ...apiClient(url, ADMIN_KEY),
    adminKey: ADMIN_KEY,
    dataDir,
    lines,
    get url() {
      return url();
    },
    async stop() {
      await halt();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
    async restart(env = {}) {
      await halt();
      await start(env);
    },
  };
}
