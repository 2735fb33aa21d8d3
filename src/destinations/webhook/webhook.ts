/**
 * Webhook destination in default mode: one event is one POST of its data, signed (spec destinations.md §7, §8.1).
 *
 * Three differences from the original: only 2xx is a success and redirects are not followed; metadata can set neither
 * the event's id, the attempt's time nor the signature; what can't be written as a header is left out of the request
 * instead of failing every attempt of a delivery for ever.
 */
import { type AttemptOutcome, failed } from '../../domain/attempt.ts';
import type { EventPayload } from '../../domain/event.ts';
import type { StringMap } from '../../domain/json.ts';
import type { OpenSettings, Prepared, PrepareRequest, Problem, Provider, SenderDeps } from '../../ports/provider.ts';
import { type HeaderName, headerName } from '../header-names.ts';
import { bodyText, outcomeOfAnswer } from '../http-answer.ts';
import { type Headers, setOther, setOwn, wholeSeconds } from '../request-headers.ts';
import { checkCustomHeaders, parseCustomHeaders } from './custom-headers.ts';
import { CONFIG_FIELDS, DESCRIPTION, ICON, INSTRUCTIONS } from './presentation.ts';
import { prepareSecrets, shownSecrets } from './secrets.ts';
import { type Signer, signer } from './signature.ts';
import { maskUserinfo, splitUserinfo, unmaskUserinfo } from './userinfo.ts';

export interface WebhookOptions {
  readonly userAgent: string;
  /** Put before the names of our own headers and of metadata, such as `x-outpost-`. May be empty. */
  readonly headerPrefix: string;
  /** The cap that the HTTP client applies; named in what is kept of a longer answer. */
  readonly maxResponseBodyBytes: number;
}

/** Throws if the prefix can't begin a header's name. */
export function webhook(options: WebhookOptions): Provider {
  const format: Format = { ...options, names: systemNames(options.headerPrefix) };
  return {
    type: 'webhook',
    label: 'Webhook',
    description: DESCRIPTION,
    instructions: INSTRUCTIONS,
    icon: ICON,
    // Secrets are no form fields: clients create, show and rotate them otherwise.
    fields: { config: CONFIG_FIELDS, credentials: [] },
    prepare,
    mask: ({ config, credentials, ...rest }, nowMs) => ({
      ...rest,
      config: config['url'] === undefined ? config : { ...config, url: maskUserinfo(config['url']) },
      credentials: shownSecrets(credentials, nowMs),
    }),
    target: (config) => maskUserinfo(config['url'] ?? ''),
    open(settings, deps) {
      const hook = openWebhook(format, settings);
      return { send: (event, signal) => post(hook, deps, event, signal), close: async () => {} };
    },
  };
}

function prepare(request: PrepareRequest): Prepared {
  const { settings, current } = request;
  const url = settings.config['url'] ?? '';
  const stored = current?.config['url'];
  const unmasked = stored === undefined ? url : unmaskUserinfo(url, stored);
  if (unmasked === null) return { ok: false, problems: [{ field: 'config.url', rule: 'masked' }] };
  const problems = checkHeaderSettings(settings, current);
  if (problems.length > 0) return { ok: false, problems };
  const secrets = prepareSecrets(request);
  if (!secrets.ok) return { ok: false, problems: [secrets.problem] };
  const config = url === unmasked ? settings.config : { ...settings.config, url: unmasked };
  return { ok: true, settings: { ...settings, config, credentials: secrets.credentials } };
}

/** Only what this request changes, so that a rule that is newer than a destination never stops its other changes. */
function checkHeaderSettings(settings: OpenSettings, current: OpenSettings | null): readonly Problem[] {
  const headers = settings.config['custom_headers'] ?? '';
  const problems = headers === current?.config['custom_headers'] ? [] : [...checkCustomHeaders(headers)];
  const seen = new Set<string>();
  for (const key of Object.keys(settings.deliveryMetadata ?? {})) {
    const lower = key.toLowerCase();
    const isNew = current?.deliveryMetadata?.[key] === undefined;
    if (seen.has(lower) && isNew) problems.push({ field: `delivery_metadata.${lower}`, rule: 'duplicate' });
    seen.add(lower);
  }
  return problems;
}

interface Format extends WebhookOptions {
  readonly names: {
    readonly topic: HeaderName;
    readonly id: HeaderName;
    readonly time: HeaderName;
    readonly signature: HeaderName;
  };
}

interface OpenWebhook {
  readonly url: string;
  /** What every request carries unless metadata of the same name replaces it. */
  readonly fixed: Headers;
  readonly deliveryMetadata: StringMap | null;
  readonly sign: Signer;
  readonly format: Format;
}

function systemNames(prefix: string): Format['names'] {
  const name = (key: string): HeaderName => {
    const made = headerName(prefix + key);
    if (made === null) throw new RangeError(`a header's name can't begin with ${JSON.stringify(prefix)}`);
    return made;
  };
  return { topic: name('topic'), id: name('event-id'), time: name('timestamp'), signature: name('signature') };
}

function openWebhook(format: Format, { config, credentials, deliveryMetadata }: OpenSettings): OpenWebhook {
  const { url, authorization } = splitUserinfo(config['url'] ?? '');
  const fixed: Headers = new Map([
    ['user-agent', ['User-Agent', format.userAgent]],
    ['content-type', ['Content-Type', 'application/json']],
  ]);
  if (authorization !== null) fixed.set('authorization', ['Authorization', authorization]);
  for (const [name, value] of parseCustomHeaders(config['custom_headers'] ?? '') ?? []) setOther(fixed, name, value);
  return { url, fixed, deliveryMetadata, sign: signer(credentials), format };
}

async function post(
  hook: OpenWebhook,
  { http, now }: SenderDeps,
  event: EventPayload,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const headers = [...headersOf(hook, event, now()).values()];
  const result = await http.send({ method: 'POST', url: hook.url, headers, body: event.data, signal });
  if (!result.ok) return failed(result.code, { error: result.detail });
  const response = { status: result.status, body: bodyText(result, hook.format.maxResponseBodyBytes) };
  return outcomeOfAnswer(result, response, now());
}

/** Later ones replace earlier ones: fixed and custom headers, topic, metadata, and last what nobody else may set. */
function headersOf({ format, ...hook }: OpenWebhook, event: EventPayload, nowMs: number): Headers {
  const { names, headerPrefix } = format;
  const headers: Headers = new Map(hook.fixed);
  setOwn(headers, names.topic, event.topic);
  for (const metadata of [hook.deliveryMetadata ?? {}, event.metadata]) {
    for (const key of Object.keys(metadata)) setOther(headers, headerPrefix + key, metadata[key] ?? '');
  }
  setOwn(headers, names.id, event.id);
  setOwn(headers, names.time, wholeSeconds(nowMs));
  setOwn(headers, names.signature, hook.sign(event.data, nowMs));
  return headers;
}
