/** The configuration as it may be shown: one line per setting, where it came from, secrets never. */
import { Secret } from '../lib/secret.ts';
import type { Loaded, Source } from './load.ts';
import { type Setting, SETTING_NAMES, SETTINGS } from './settings.ts';

export interface ShownSetting {
  readonly env: string;
  /** As an operator would write it; `***` for a secret that is set, empty for what is not set. */
  readonly value: string;
  readonly source: Source;
}

/** In the order of the declaration. */
export function showSettings(loaded: Pick<Loaded, 'values' | 'sources'>): readonly ShownSetting[] {
  return SETTING_NAMES.map((name) => {
    const setting: Setting<unknown, unknown> = SETTINGS[name];
    const value = loaded.values[name];
    return { env: setting.env, value: show(setting, value), source: loaded.sources[name] };
  });
}

/** For the line that is logged at start: what was set by hand, as one object. */
export function showChanges(loaded: Pick<Loaded, 'values' | 'sources'>): Readonly<Record<string, string>> {
  const changed = showSettings(loaded).filter((setting) => setting.source !== 'default');
  return Object.fromEntries(changed.map((setting) => [setting.env, setting.value]));
}

function show(setting: Setting<unknown, unknown>, value: unknown): string {
  if (value === null) return '';
  if (setting.isSecret || value instanceof Secret) return '***';
  const unit = setting.env.endsWith('_SECONDS') || setting.env === 'RETRY_SCHEDULE' ? toSeconds(setting, value) : value;
  return Array.isArray(unit) ? unit.join(',') : String(unit);
}

/** Back from milliseconds to the unit that the variable is written in. */
function toSeconds(setting: Setting<unknown, unknown>, value: unknown): unknown {
  if (setting === SETTINGS.retryIntervalSeconds) return value;
  return Array.isArray(value) ? value.map((entry) => Number(entry) / 1_000) : Number(value) / 1_000;
}
