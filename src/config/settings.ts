/**
 * Every setting, declared once: its variable, its kind, its default and what it is for. Loading, the messages about
 * wrong values, the summary at start and docs/configuration.md are all made from this list.
 *
 * Names and units outside are those that operators of Outpost know (seconds); inside, every unit stands in the name.
 */
import { FAN_OUT_MAX } from '../domain/event.ts';
import { checkId } from '../domain/id-rules.ts';
import { DELAY_MAX_MS, RETRIES_MAX } from '../domain/retry-schedule.ts';
import {
  baseUrl,
  flag,
  integer,
  type Kind,
  list,
  networks,
  oneOf,
  origins,
  seconds,
  secondsList,
  secretText,
  text,
} from './values.ts';

export interface Setting<Value, Missing = Value> {
  /** The environment variable. */
  readonly env: string;
  readonly section: Section;
  readonly kind: Kind<Value>;
  /** The value when it is not set. */
  readonly missing: Missing;
  /** The default in words, as the variable would be written; empty when there is none. */
  readonly shownDefault: string;
  /** Sentences for the operator. */
  readonly help: string;
  readonly isSecret: boolean;
}

export const SECTIONS = ['API', 'Secrets', 'Store', 'Publishing', 'Delivery', 'Ids', 'Running it'] as const;
export type Section = (typeof SECTIONS)[number];

interface Declaration<Value> {
  readonly env: string;
  readonly section: Section;
  readonly kind: Kind<Value>;
  readonly help: string;
  readonly isSecret?: true;
}

/** A setting that is always there: the default is written as an operator would write it, and read by the same kind. */
function withDefault<Value>(written: string, declaration: Declaration<Value>): Setting<Value> {
  const missing = declaration.kind.schema.parse(written);
  return { isSecret: false, ...declaration, missing, shownDefault: written };
}

/** A setting that may be absent. */
function optional<Value>(declaration: Declaration<Value>): Setting<Value, null> {
  return { isSecret: false, ...declaration, missing: null, shownDefault: '' };
}

const DELAY_MAX_SECONDS = DELAY_MAX_MS / 1_000;
const PORT = integer({ min: 0, max: 65_535, what: 'a port' });
const HOST = text({ matches: /^[A-Za-z0-9_.:%-]{1,255}$/, accepts: 'an IP address or a host name' });
const PREFIX = {
  schema: text({ matches: /^.{1,64}$/u, accepts: '' }).schema.refine((prefix) => checkId(`${prefix}x`) === null),
  accepts: 'up to 64 characters without slashes and control characters',
};

export const SETTINGS = {
  apiPort: withDefault('3333', {
    env: 'API_PORT',
    section: 'API',
    kind: PORT,
    help: 'Port of the HTTP API. 0 picks a free one.',
  }),
  apiHost: withDefault('::', {
    env: 'API_HOST',
    section: 'API',
    kind: HOST,
    help: 'Address that the API listens on. The default is every address of the machine, IPv4 and IPv6.',
  }),
  isAuthDisabled: withDefault('false', {
    env: 'AUTH_DISABLED',
    section: 'API',
    kind: flag(),
    help: 'Takes every caller for the operator, without a credential. Accepted only while `API_HOST` is a loopback address.',
  }),
  apiCorsOrigins: withDefault('', {
    env: 'API_CORS_ORIGINS',
    section: 'API',
    kind: origins(),
    help: "Origins of the pages that may call the API from a browser, separated by commas: the routes that a tenant's token opens, none of the operator's. Empty: none.",
  }),
  maxDestinationsPerTenant: withDefault('20', {
    env: 'MAX_DESTINATIONS_PER_TENANT',
    section: 'API',
    kind: integer({ min: 1, max: FAN_OUT_MAX }),
    help: 'How many destinations a tenant may have, disabled ones included.',
  }),

  apiKey: optional({
    env: 'API_KEY',
    section: 'Secrets',
    kind: secretText('a text that is not empty, such as 32 random bytes in hex'),
    isSecret: true,
    help: "The operator's credential, sent as `Authorization: Bearer …`. Required unless `AUTH_DISABLED=true`.",
  }),
  apiJwtSecret: optional({
    env: 'API_JWT_SECRET',
    section: 'Secrets',
    kind: secretText('a text that is not empty, such as 32 random bytes in hex'),
    isSecret: true,
    help: 'Signs the tokens that tenants use (HS256). Required. A new one ends all tokens.',
  }),
  aesEncryptionSecret: optional({
    env: 'AES_ENCRYPTION_SECRET',
    section: 'Secrets',
    kind: secretText('a text that is not empty, such as 32 random bytes in hex'),
    isSecret: true,
    help: 'Encrypts the credentials of destinations. Required, and has to stay the same: with another one the server refuses to start.',
  }),

  profile: withDefault('embedded', {
    env: 'PROFILE',
    section: 'Store',
    kind: oneOf('embedded', 'memory'),
    help: '`embedded` keeps everything in one SQLite file below `DATA_DIR`. `memory` forgets everything at the end: for tests.',
  }),
  dataDir: withDefault('data', {
    env: 'DATA_DIR',
    section: 'Store',
    kind: text({ matches: /^[^\0]{1,4096}$/, accepts: 'a path' }),
    help: 'Folder of the embedded store, relative to where the server is started. Made if it is missing. One process at a time.',
  }),

  topics: withDefault('', {
    env: 'TOPICS',
    section: 'Publishing',
    kind: list({
      each: (topic) => topic !== '*' && checkId(topic.replaceAll('/', '')) === null,
      entriesMax: 10_000,
      accepts: 'names separated by commas, without `*` and control characters; empty for any topic',
    }),
    help: 'The topics that may be published and subscribed to, separated by commas. Empty: any topic.',
  }),
  topicsAllowWildcards: withDefault('false', {
    env: 'TOPICS_ALLOW_WILDCARDS',
    section: 'Publishing',
    kind: flag(),
    help: 'Lets destinations subscribe to patterns such as `order.*`. `*` alone is always allowed.',
  }),
  publishUnknownTenant: withDefault('accept', {
    env: 'PUBLISH_UNKNOWN_TENANT',
    section: 'Publishing',
    kind: oneOf('accept', 'reject'),
    help: 'What happens to an event of a tenant that does not exist: `accept` answers 202 and stores nothing, `reject` answers 404.',
  }),
  publishIdConflict: withDefault('reject', {
    env: 'PUBLISH_ID_CONFLICT',
    section: 'Publishing',
    kind: oneOf('reject', 'accept'),
    help: 'What happens to an event whose id was published before with other content: `reject` answers 409, `accept` answers 202 and stores nothing.',
  }),

  retrySchedule: optional({
    env: 'RETRY_SCHEDULE',
    section: 'Delivery',
    kind: secondsList({ min: 1, max: DELAY_MAX_SECONDS, entriesMax: RETRIES_MAX }),
    help: 'Seconds to wait before each retry, separated by commas, such as `5,60,3600`. Its length is the number of retries. Takes the place of the next two.',
  }),
  retryIntervalSeconds: withDefault('30', {
    env: 'RETRY_INTERVAL_SECONDS',
    section: 'Delivery',
    kind: integer({ min: 1, max: DELAY_MAX_SECONDS, what: 'a whole number of seconds' }),
    help: `Seconds before the first retry; doubled for each further one, up to ${DELAY_MAX_SECONDS} (three days).`,
  }),
  maxRetryLimit: withDefault('10', {
    env: 'MAX_RETRY_LIMIT',
    section: 'Delivery',
    kind: integer({ min: 0, max: RETRIES_MAX }),
    help: 'How often a failed delivery is tried again. 0: never.',
  }),
  deliveryTimeoutMs: withDefault('5', {
    env: 'DELIVERY_TIMEOUT_SECONDS',
    section: 'Delivery',
    kind: seconds({ min: 1, max: 600 }),
    help: 'How long one attempt may take in all, from connecting to the last byte of the answer.',
  }),
  deliveryMaxConcurrency: withDefault('256', {
    env: 'DELIVERY_MAX_CONCURRENCY',
    section: 'Delivery',
    kind: integer({ min: 1, max: 4_096 }),
    help: 'How many attempts are under way at a time.',
  }),
  destinationMaxConcurrency: withDefault('16', {
    env: 'DESTINATION_MAX_CONCURRENCY',
    section: 'Delivery',
    kind: integer({ min: 1, max: 1_024 }),
    help: 'How many of them go to one destination; at most `DELIVERY_MAX_CONCURRENCY`.',
  }),
  allowedNetworks: withDefault('', {
    env: 'DESTINATIONS_ALLOWED_NETWORKS',
    section: 'Delivery',
    kind: networks(),
    help: 'Networks, separated by commas, that deliveries may go to although they are private, loopback, link-local or reserved. Empty: none of those.',
  }),
  hookdeckApiUrl: withDefault('https://api.hookdeck.com/2025-01-01', {
    env: 'DESTINATIONS_HOOKDECK_API_URL',
    section: 'Delivery',
    kind: baseUrl(),
    help: 'Where the token of a Hookdeck destination is verified when it is set.',
  }),
  hookdeckEventsUrl: withDefault('https://hkdk.events', {
    env: 'DESTINATIONS_HOOKDECK_EVENTS_URL',
    section: 'Delivery',
    kind: baseUrl(),
    help: "Where the events of Hookdeck destinations are sent; the source's id is put behind it.",
  }),
  responseMaxBytes: withDefault('131072', {
    env: 'DESTINATIONS_WEBHOOK_MAX_RESPONSE_BODY_BYTES',
    section: 'Delivery',
    kind: integer({ min: 1, max: 16 * 1_024 * 1_024, what: 'a whole number of bytes' }),
    help: 'Bytes that are read of an answer; a longer one is not kept.',
  }),
  userAgent: optional({
    env: 'HTTP_USER_AGENT',
    section: 'Delivery',
    kind: text({
      matches: /^[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?$/,
      accepts: 'up to 256 printable ASCII characters',
    }),
    help: '`User-Agent` of the webhooks. Default: `Outpost/` and the version.',
  }),

  idgenType: withDefault('uuidv4', {
    env: 'IDGEN_TYPE',
    section: 'Ids',
    kind: oneOf('uuidv4', 'uuidv7', 'nanoid'),
    help: 'How ids are made that a caller did not give.',
  }),
  idgenEventPrefix: withDefault('', {
    env: 'IDGEN_EVENT_PREFIX',
    section: 'Ids',
    kind: prefix(),
    help: 'Put before generated event ids as it is written, separator included: `evt_`.',
  }),
  idgenDestinationPrefix: withDefault('', {
    env: 'IDGEN_DESTINATION_PREFIX',
    section: 'Ids',
    kind: prefix(),
    help: 'The same for destinations.',
  }),
  idgenAttemptPrefix: withDefault('', {
    env: 'IDGEN_ATTEMPT_PREFIX',
    section: 'Ids',
    kind: prefix(),
    help: 'The same for attempts. With another one than before, attempts are not found under the ids they had.',
  }),
  deploymentId: optional({
    env: 'DEPLOYMENT_ID',
    section: 'Ids',
    kind: text({ matches: /^[A-Za-z0-9_-]{1,64}$/, accepts: 'up to 64 letters, digits, hyphens and underscores' }),
    help: 'Becomes the claim `deployment_id` of tenant tokens.',
  }),

  metricsPort: optional({
    env: 'METRICS_PORT',
    section: 'Running it',
    kind: PORT,
    help: 'Port of `GET /metrics` (Prometheus text format). Not set: no such listener.',
  }),
  metricsHost: withDefault('127.0.0.1', {
    env: 'METRICS_HOST',
    section: 'Running it',
    kind: HOST,
    help: 'Address that the metrics are served on. They need no credential, so think before you open it.',
  }),
  logLevel: withDefault('info', {
    env: 'LOG_LEVEL',
    section: 'Running it',
    kind: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    help: 'The least important lines that are logged. `info` has one line for each attempt.',
  }),
  shutdownGraceMs: withDefault('25', {
    env: 'SHUTDOWN_TIMEOUT_SECONDS',
    section: 'Running it',
    kind: seconds({ min: 1, max: 3_600 }),
    help: 'How long a stop waits for attempts under way. What is not done by then is delivered after the next start.',
  }),
} as const;

/** Empty means unset, so an empty prefix is only ever the default. */
function prefix(): Kind<string> {
  return { schema: PREFIX.schema.or(text({ matches: /^$/, accepts: '' }).schema), accepts: PREFIX.accepts };
}

type Settings = typeof SETTINGS;
export type SettingName = keyof Settings;
/** What the list alone gives: values as declared, before what belongs together is checked. */
export type Values = {
  readonly [Name in SettingName]: Settings[Name] extends Setting<infer Value, infer Missing> ? Value | Missing : never;
};

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];
