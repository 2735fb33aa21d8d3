/** `outpost serve`: the server, configured by environment, until a signal stops it. */
import { type Environment, loadConfig } from '../config/load.ts';
import { showChanges } from '../config/summary.ts';
import { logger } from '../telemetry/logger.ts';
import { logBugs, startServer, untilSignal } from './run-server.ts';

/** @returns the exit code. @throws StartError for whatever the operator has to change */
export async function serve(env: Environment): Promise<number> {
  const loaded = loadConfig(env);
  const { config } = loaded;
  const log = logger(config.logLevel);
  logBugs(log);
  const stopped = untilSignal(log, config.shutdownGraceMs);
  log.write('info', { event: 'configuration', settings: showChanges(loaded) });
  for (const message of loaded.warnings) log.write('warn', { event: 'configuration_warning', message });
  try {
    const server = await startServer(config, log);
    return await stopped(() => server.stop());
  } finally {
    log.flush();
  }
}
