/**
 * Hookdeck destination: one event is one signed POST of its data to the source that the token belongs to (spec
 * destinations.md §8.3).
 *
 * Unlike the original, which logs a status of 400 and above as failed and never tries again, every answer but 2xx is
 * retried as a webhook's is. The token is verified when it is set or changed, and never otherwise.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { type AttemptOutcome, failed } from '../../domain/attempt.ts';
import type { EventPayload } from '../../domain/event.ts';
import type { StringMap } from '../../domain/json.ts';
import type { OpenSettings, Prepared, PrepareRequest, Provider, SenderDeps } from '../../ports/provider.ts';
import { type HeaderName, headerName } from '../header-names.ts';
import { bodyText, type HttpAnswer, outcomeOfAnswer } from '../http-answer.ts';
import { type Headers, setOther, setOwn, wholeSeconds } from '../request-headers.ts';
import { CREDENTIAL_FIELDS, DESCRIPTION, ICON, INSTRUCTIONS, SETUP_LINK } from './presentation.ts';
import { sourceIdOf } from './token.ts';
import { verifiedName } from './verification.ts';

export interface HookdeckOptions {
  /** Where tokens are verified, without a slash at the end. */
  readonly apiUrl: string;
  /** What a source's id is put behind, without a slash at the end. */
  readonly eventsUrl: string;
  /** The cap that the HTTP client applies; named in what is kept of a longer answer. */
  readonly maxResponseBodyBytes: number;
}

/** Fixed, whatever prefix the operator has chosen for webhooks: Hookdeck knows these. */
const PREFIX = 'x-outpost-';
const CONTENT_TYPE = ownName('content-type');
const SIGNATURE = ownName('x-hookdeck-signature');
const EVENT_ID = ownName(`${PREFIX}event-id`);
const TIMESTAMP = ownName(`${PREFIX}timestamp`);
const TOPIC = ownName(`${PREFIX}topic`);

export function hookdeck(options: HookdeckOptions): Provider {
  return {
    type: 'hookdeck',
    label: 'Hookdeck',
    description: DESCRIPTION,
    instructions: INSTRUCTIONS,
    icon: ICON,
    setupLink: SETUP_LINK,
    fields: { config: [], credentials: CREDENTIAL_FIELDS },
    prepare: (request) => prepare(options, request),
    target,
    targetUrl(config, { token = '' }) {
      const id = config['source_id'] ?? sourceIdOf(token);
      return id === null ? null : `https://dashboard.hookdeck.com/sources/${id}`;
    },
    open({ credentials: { token = '' }, deliveryMetadata }, deps) {
      const source: OpenSource = {
        url: `${options.eventsUrl}/${sourceIdOf(token) ?? ''}`,
        key: createSecretKey(Buffer.from(token)),
        deliveryMetadata,
        maxResponseBodyBytes: options.maxResponseBodyBytes,
      };
      return { send: (event, signal) => post(source, deps, event, signal), close: async () => {} };
    },
  };
}

/** Id and name of the source are ours: what a request says of them is replaced. */
async function prepare(options: HookdeckOptions, { settings, current, http }: PrepareRequest): Promise<Prepared> {
  const token = settings.credentials['token'] ?? '';
  if (token === '') return refused('token_required');
  const id = sourceIdOf(token);
  if (id === null) return refused('invalid_token_format');
  const isUnchanged = token === current?.credentials['token'];
  const known = isUnchanged ? current?.config['source_name'] : undefined;
  const name = known ?? (await verifiedName({ id, token }, { apiUrl: options.apiUrl, http }));
  if (name === null) return refused('token_verification_failed');
  const { source_name: _name, source_id: _id, ...config } = settings.config;
  return { ok: true, settings: { ...settings, config: { ...config, source_name: name, source_id: id } } };
}

function refused(rule: string): Prepared {
  return { ok: false, problems: [{ field: 'credentials.token', rule }] };
}

function target(config: StringMap, { token = '' }: StringMap): string {
  const { source_name: name, source_id: storedId } = config;
  if (name !== undefined && storedId !== undefined) return name;
  if (token === '') return 'Hookdeck (no token)';
  const id = storedId ?? sourceIdOf(token);
  return id === null ? 'Hookdeck (invalid token)' : `Hookdeck source ID: ${id}`;
}

interface OpenSource {
  readonly url: string;
  /** The whole token as text. */
  readonly key: KeyObject;
  readonly deliveryMetadata: OpenSettings['deliveryMetadata'];
  readonly maxResponseBodyBytes: number;
}

async function post(
  source: OpenSource,
  { http, now }: SenderDeps,
  event: EventPayload,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const headers = [...headersOf(source, event, now()).values()];
  const result = await http.send({ method: 'POST', url: source.url, headers, body: event.data, signal });
  if (!result.ok) return failed(result.code, { error: result.detail });
  const response = {
    status_code: result.status,
    body: bodyText(result, source.maxResponseBodyBytes),
    headers: shownHeaders(result),
  };
  return outcomeOfAnswer(result, response, now());
}

/** Later ones replace earlier ones: the topic, metadata, and last what nobody else may set. */
function headersOf(source: OpenSource, event: EventPayload, nowMs: number): Headers {
  const headers: Headers = new Map();
  setOwn(headers, CONTENT_TYPE, 'application/json');
  setOwn(headers, TOPIC, event.topic);
  for (const metadata of [source.deliveryMetadata ?? {}, event.metadata]) {
    for (const key of Object.keys(metadata)) setOther(headers, PREFIX + key, metadata[key] ?? '');
  }
  setOwn(headers, EVENT_ID, event.id);
  setOwn(headers, TIMESTAMP, wholeSeconds(nowMs));
  setOwn(headers, SIGNATURE, `v0=${createHmac('sha256', source.key).update(event.data).digest('base64')}`);
  return headers;
}

/** Names as they are spelled in the original's log. The client's limit on a head bounds them. */
function shownHeaders({ headers }: HttpAnswer): Record<string, string | readonly string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [headerName(name)?.spelled ?? name, value]));
}

function ownName(text: string): HeaderName {
  const name = headerName(text);
  if (name === null) throw new RangeError(`${text} is no header name`);
  return name;
}
