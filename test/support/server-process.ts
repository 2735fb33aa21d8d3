/**
 * The server as an operator runs it: `node src/main.ts serve` in a process of its own, configured by environment,
 * observed over HTTP and by signals. Nothing in here looks inside.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** A start that takes longer has failed. */
const READY_WITHIN_MS = 30_000;

export const ADMIN_KEY = 'admin-key-of-the-tests';

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Everything it wrote so far, standard output and error together. */
  output(): string;
  /** Sends the signal and resolves with the exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  /** Resolves when the process has ended by itself. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface ServerOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Put in front of the command, such as a tracer. */
  readonly wrapper?: readonly string[];
  /** What to run instead of this checkout's `src/main.ts` by this Node. */
  readonly command?: readonly string[];
}

/** Starts the server and resolves once it answers `/readyz`. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const server = launchServer(options);
  const giveUpAt = Date.now() + READY_WITHIN_MS;
  while (!(await isReady(server.url))) {
    const ended = await Promise.race([server.ended, pause(20)]);
    if (ended !== undefined) throw new Error(`the server ended with ${ended}:\n${server.output()}`);
    if (Date.now() > giveUpAt) {
      await server.end('SIGKILL');
      throw new Error(`the server was not ready in time:\n${server.output()}`);
    }
  }
  return server;
}

/** Starts the process without waiting for anything. */
export function launchServer(options: ServerOptions): ServerProcess {
  const command = [...(options.wrapper ?? []), ...(options.command ?? [process.execPath, MAIN]), 'serve'];
  const child: ChildProcess = spawn(command[0]!, command.slice(1), {
    env: {
      PATH: process.env['PATH'],
      API_PORT: String(options.port),
      API_HOST: '127.0.0.1',
      API_KEY: ADMIN_KEY,
      API_JWT_SECRET: 'jwt-secret-of-the-tests',
      AES_ENCRYPTION_SECRET: 'encryption-secret-of-the-tests',
      DATA_DIR: options.dataDir,
      DESTINATIONS_ALLOWED_NETWORKS: '127.0.0.0/8',
      LOG_LEVEL: 'warn',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  return {
    url: `http://127.0.0.1:${options.port}`,
    pid: child.pid ?? 0,
    output: () => chunks.join(''),
    ended,
    async end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const reply = await fetch(`${url}/readyz`);
    await reply.arrayBuffer();
    return reply.ok;
  } catch {
    return false;
  }
}

function pause(delayMs: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), delayMs);
  });
}

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
