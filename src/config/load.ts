/**
 * Reads the configuration out of the environment: every wrong setting is found in one go and told in one message, with
 * what would be accepted. An empty variable counts as one that is not set.
 *
 * Values of secrets never appear in a message, however wrong they are.
 */
import { exponentialDelaysMs, JITTER_SHARE, type RetryPolicy } from '../domain/retry-schedule.ts';
import { StartError } from '../lib/errors.ts';
import type { Secret } from '../lib/secret.ts';
import { type Setting, SETTING_NAMES, type SettingName, SETTINGS, type Values } from './settings.ts';

/** What the program runs on. Complete, checked, and never changed. */
export interface Config extends Omit<Values, 'retrySchedule' | 'retryIntervalSeconds' | 'maxRetryLimit'> {
  /** Null only if `isAuthDisabled`. */
  readonly apiKey: Secret | null;
  readonly apiJwtSecret: Secret;
  readonly aesEncryptionSecret: Secret;
  readonly retryPolicy: RetryPolicy;
}

export type Source = 'environment' | 'default';

export interface Loaded {
  readonly config: Config;
  /** Sentences for the operator, about what works but was perhaps not meant. */
  readonly warnings: readonly string[];
  readonly sources: Readonly<Record<SettingName, Source>>;
  readonly values: Values;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Below this a secret can be guessed; it is what 128 bits need at the very least. */
const SECRET_MIN_BYTES = 16;
/** What is shown of a wrong value. */
const SHOWN_MAX = 60;

/** @throws StartError that lists everything that is wrong */
export function loadConfig(env: Environment): Loaded {
  const problems: string[] = [];
  const warnings: string[] = [];
  const values: Partial<Record<SettingName, unknown>> = {};
  const sources: Partial<Record<SettingName, Source>> = {};
  for (const name of SETTING_NAMES) {
    const setting: Setting<unknown, unknown> = SETTINGS[name];
    const written = read(setting, env, warnings);
    sources[name] = written === null ? 'default' : 'environment';
    if (written === null) {
      values[name] = setting.missing;
      continue;
    }
    const parsed = setting.kind.schema.safeParse(written);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(describeProblem(setting, written));
  }
  // What could not be read counts as its default here, so that one mistake is not told twice.
  const all = { ...defaults(), ...values } as Values;
  problems.push(...requireSecrets(all, new Set(Object.keys(sources).filter((name) => !(name in values)))));
  if (problems.length > 0) throw new StartError(describeProblems(problems));
  const complete = sources as Record<SettingName, Source>;
  warnings.push(...advise(all, complete));
  return { config: compile(all), warnings, sources: complete, values: all };
}

/** The variable's text, or null if it is not set. */
function read(setting: Setting<unknown, unknown>, env: Environment, warnings: string[]): string | null {
  const written = env[setting.env];
  if (written === undefined || written === '' || (!setting.isSecret && written.trim() === '')) return null;
  if (setting.env.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(written)) {
    warnings.push(
      `${setting.env}=${shorten(written)} is a Kubernetes service link, made by a Service of that name, and is ignored. Set \`enableServiceLinks: false\` in the pod's spec.`,
    );
    return null;
  }
  warnings.push(...doubts(setting, written));
  return written;
}

/** What a shell, a Docker `env_file` or an editor leaves around a value. The value is taken as it is. */
function doubts(setting: Setting<unknown, unknown>, written: string): readonly string[] {
  const found: string[] = [];
  if (/^(["']).*\1$/s.test(written)) found.push('begins and ends with a quotation mark');
  if (setting.isSecret && written.trim() !== written) found.push('has white space before or after it');
  if (written.startsWith('\u{feff}')) found.push('begins with a byte order mark');
  return found.map((what) => `${setting.env} ${what}, which is taken as part of the value.`);
}

function describeProblem(setting: Setting<unknown, unknown>, written: string): string {
  const shown = setting.isSecret ? 'its value' : JSON.stringify(shorten(written));
  return `${setting.env}: ${shown} is not accepted. Accepted: ${setting.kind.accepts}.`;
}

function describeProblems(problems: readonly string[]): string {
  const count = problems.length === 1 ? 'One setting is' : `${problems.length} settings are`;
  return [`${count} wrong:`, ...problems.map((problem) => `  ${problem}`)].join('\n');
}

const shorten = (written: string): string => (written.length > SHOWN_MAX ? `${written.slice(0, SHOWN_MAX)}…` : written);

function defaults(): Partial<Record<SettingName, unknown>> {
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, SETTINGS[name].missing]));
}

/** What must be there, and what must not be without it. */
function requireSecrets(values: Values, unread: ReadonlySet<string>): readonly string[] {
  const problems: string[] = [];
  if (values.isAuthDisabled && !unread.has('apiHost') && !isLoopback(values.apiHost)) {
    problems.push(
      `AUTH_DISABLED: accepted only while API_HOST is a loopback address, and it is ${JSON.stringify(values.apiHost)}. Accepted: API_HOST=127.0.0.1, or an API_KEY instead.`,
    );
  }
  if (values.apiKey === null && !values.isAuthDisabled) {
    problems.push(
      `API_KEY: not set. Accepted: ${SETTINGS.apiKey.kind.accepts}; or AUTH_DISABLED=true with API_HOST=127.0.0.1 to go without.`,
    );
  }
  for (const name of ['apiJwtSecret', 'aesEncryptionSecret'] as const) {
    if (values[name] === null)
      problems.push(`${SETTINGS[name].env}: not set. Accepted: ${SETTINGS[name].kind.accepts}.`);
  }
  return problems;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** What is accepted and perhaps not meant. */
function advise(values: Values, sources: Readonly<Record<SettingName, Source>>): readonly string[] {
  const warnings: string[] = [];
  const isSet = (name: SettingName): boolean => sources[name] === 'environment';
  for (const name of ['apiKey', 'apiJwtSecret', 'aesEncryptionSecret'] as const) {
    const bytes = Buffer.byteLength(values[name]?.reveal() ?? '');
    if (bytes > 0 && bytes < SECRET_MIN_BYTES) {
      warnings.push(`${SETTINGS[name].env} has ${bytes} bytes; use at least ${SECRET_MIN_BYTES}, chosen by chance.`);
    }
  }
  if (values.isAuthDisabled) {
    warnings.push('AUTH_DISABLED=true: every caller on this machine is taken for the operator.');
    if (isSet('apiKey')) warnings.push('API_KEY is not looked at while AUTH_DISABLED=true.');
  }
  if (values.retrySchedule !== null && (isSet('retryIntervalSeconds') || isSet('maxRetryLimit'))) {
    warnings.push(
      'RETRY_SCHEDULE takes the place of RETRY_INTERVAL_SECONDS and MAX_RETRY_LIMIT, which are not looked at.',
    );
  }
  if (values.destinationMaxConcurrency > values.deliveryMaxConcurrency && isSet('destinationMaxConcurrency')) {
    warnings.push(
      `DESTINATION_MAX_CONCURRENCY=${values.destinationMaxConcurrency} is more than DELIVERY_MAX_CONCURRENCY=${values.deliveryMaxConcurrency}, which is the limit then.`,
    );
  }
  if (values.shutdownGraceMs <= values.deliveryTimeoutMs) {
    warnings.push(
      'SHUTDOWN_TIMEOUT_SECONDS is not longer than DELIVERY_TIMEOUT_SECONDS: a stop may cut off attempts, which are then made again after the next start.',
    );
  }
  if (values.profile === 'memory') warnings.push('PROFILE=memory: every event is lost when the process ends.');
  return warnings;
}

function compile(values: Values): Config {
  const { retrySchedule, retryIntervalSeconds, maxRetryLimit, ...rest } = values;
  const { apiJwtSecret, aesEncryptionSecret } = rest;
  if (apiJwtSecret === null || aesEncryptionSecret === null) throw new Error('a required secret was let through');
  return {
    ...rest,
    apiKey: rest.isAuthDisabled ? null : rest.apiKey,
    apiJwtSecret,
    aesEncryptionSecret,
    destinationMaxConcurrency: Math.min(rest.destinationMaxConcurrency, rest.deliveryMaxConcurrency),
    retryPolicy: {
      delaysMs: retrySchedule ?? exponentialDelaysMs(retryIntervalSeconds, maxRetryLimit),
      jitterShare: JITTER_SHARE,
    },
  };
}
