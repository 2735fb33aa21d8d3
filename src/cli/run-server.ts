/**
 * One server in this process, from its settings to its end: what `serve` and `dev` have in common.
 *
 * Signals: the first one stops in order (compose.ts), one that comes a second later or more ends the process at once. An end that nobody asked
 * for is logged and has exit code 1; what was acknowledged is on disk, and the next start recovers what was under way.
 */
import { networkInterfaces } from 'node:os';
import { compose, type Outpost } from '../compose.ts';
import type { Config } from '../config/load.ts';
import { StartError } from '../lib/errors.ts';
import { logAttempts } from '../telemetry/attempt-lines.ts';
import type { Log } from '../telemetry/logger.ts';
import { metrics } from '../telemetry/metrics.ts';
import { metricsServer } from '../telemetry/metrics-server.ts';
import { VERSION } from '../version.ts';

/** How much longer than the attempts' own grace a stop may take before it is cut off. */
const STOP_EXTRA_MS = 15_000;
/** Signals that come within this time of the first one are the same wish. */
const SAME_SIGNAL_MS = 1_000;
/** The exit code of a process that a signal ended is 128 and the signal's number. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof SIGNALS;

export interface RunningServer {
  readonly url: string;
  readonly metricsUrl: string | null;
  stop(): Promise<void>;
}

/** @throws StartError for whatever the operator has to change */
export async function startServer(config: Config, log: Log): Promise<RunningServer> {
  const outpost = await compose(listenable(config), {
    log: (level, line) => log.write(level, { event: 'note', ...line }),
    onFatal: (error) => endBadly(log, error),
  });
  const endLines = logAttempts(log);
  const counted = metrics({
    stats: () => outpost.stats(),
    inFlight: () => outpost.inFlight(),
    process: processFigures,
  });
  const figures = metricsServer(() => counted.render());
  const stop = async (): Promise<void> => {
    await outpost.stop();
    await figures.close();
    counted.close();
    endLines();
  };
  try {
    const metricsUrl = await listenForMetrics(config, figures);
    const { url } = await listen(config, outpost);
    log.write('info', { event: 'started', version: VERSION, profile: config.profile, url, metrics_url: metricsUrl });
    return { url, metricsUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listen(config: Config, outpost: Outpost): Promise<{ url: string }> {
  try {
    return await outpost.start();
  } catch (error) {
    throw describeListenError(error, 'API', config.apiHost, config.apiPort);
  }
}

async function listenForMetrics(config: Config, server: ReturnType<typeof metricsServer>): Promise<string | null> {
  if (config.metricsPort === null) return null;
  try {
    const port = await server.listen(config.metricsPort, config.metricsHost);
    return `http://${config.metricsHost.includes(':') ? `[${config.metricsHost}]` : config.metricsHost}:${port}/metrics`;
  } catch (error) {
    throw describeListenError(error, 'METRICS', config.metricsHost, config.metricsPort);
  }
}

function describeListenError(error: unknown, name: 'API' | 'METRICS', host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const explained: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is in use by another process; choose another ${name}_PORT`,
    EACCES: `this user may not listen on port ${port}; choose a ${name}_PORT of 1024 or more`,
    EADDRNOTAVAIL: `${name}_HOST=${host} is no address of this machine`,
    ENOTFOUND: `${name}_HOST=${host} is a name that does not resolve`,
  };
  const sentence = typeof code === 'string' ? explained[code] : undefined;
  return sentence === undefined ? error : new StartError(sentence, { cause: error });
}

/** Without an IPv6 address `::` can't be listened on everywhere; every IPv4 address is every address then. */
function listenable(config: Config): Config {
  const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((entry) => entry.family === 'IPv6'));
  return config.apiHost === '::' && !hasIpv6 ? { ...config, apiHost: '0.0.0.0' } : config;
}

const processFigures = {
  cpuSeconds(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
  residentBytes: () => process.memoryUsage.rss(),
  uptimeSeconds: () => process.uptime(),
};

/** Takes over what would end the process without a word in the log. */
export function logBugs(log: Log): void {
  process.on('uncaughtException', (error) => endBadly(log, error));
  process.on('unhandledRejection', (reason) => endBadly(log, reason));
}

function endBadly(log: Log, error: unknown): never {
  log.write('fatal', { event: 'fatal', error });
  log.flush();
  process.exit(1);
}

/**
 * Resolves with the exit code once a signal has come and `stop` has ended. Signals are looked out for from the call on,
 * so that one that comes during the start is not lost.
 */
export function untilSignal(log: Log, stopMaxMs: number): (stop: () => Promise<void>) => Promise<number> {
  const { promise: asked, resolve: ask } = Promise.withResolvers<Signal>();
  let askedAtMs: number | null = null;
  for (const signal of Object.keys(SIGNALS) as Signal[]) {
    process.on(signal, () => {
      const nowMs = performance.now();
      // A terminal signals the whole group, and npm passes its own signal on: one Ctrl-C comes twice.
      if (askedAtMs !== null && nowMs - askedAtMs >= SAME_SIGNAL_MS) process.exit(SIGNALS[signal]);
      askedAtMs ??= nowMs;
      ask(signal);
    });
  }
  return async (stop) => {
    const signal = await asked;
    log.write('info', { event: 'stopping', signal });
    const cutOff = setTimeout(() => {
      endBadly(log, new Error('the stop took too long and was cut off'));
    }, stopMaxMs + STOP_EXTRA_MS);
    await stop();
    clearTimeout(cutOff);
    log.write('info', { event: 'stopped' });
    log.flush();
    return 0;
  };
}
