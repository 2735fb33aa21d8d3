/** `outpost config`: the settings of this environment, or the page about all of them. */
import { type Environment, loadConfig } from '../config/load.ts';
import { configurationPage } from '../config/reference.ts';
import { showSettings } from '../config/summary.ts';

/** @throws StartError if the settings of this environment are wrong */
export function showConfig(what: 'print' | 'docs', env: Environment): string {
  if (what === 'docs') return configurationPage();
  const loaded = loadConfig(env);
  const rows = showSettings(loaded);
  const width = Math.max(...rows.map((row) => row.env.length));
  const lines = rows.map(
    ({ env: name, value, source }) => `${name.padEnd(width)}  ${value || '(not set)'}  (${source})`,
  );
  return [...lines, ...loaded.warnings.map((warning) => `warning: ${warning}`), ''].join('\n');
}
