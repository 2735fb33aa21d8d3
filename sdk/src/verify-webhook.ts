/**
 * For receivers: checks that a request came from Outpost and was not changed. It throws in every bad case, so that a caller
 * who ignores the result is safe, as long as the promise is awaited.
 *
 * Web Crypto does the work, which every runtime has; its `verify` compares in constant time. The signature covers the body
 * alone: event id, topic and time are not authenticated.
 */

/** Which check failed. `secret`, `options` and `body` are mistakes of the caller, the others are about the request. */
export type FailedCheck =
  'secret' | 'options' | 'body' | 'signature_missing' | 'signature_format' | 'signature' | 'age';

export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';
  readonly check: FailedCheck;

  constructor(check: FailedCheck, message: string) {
    super(message);
    this.check = check;
  }
}

/** A `Headers` object, or a plain one with names in any case, as Node's `request.headers`. */
export type WebhookHeaders =
  { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyWebhookOptions {
  /** Refuses requests whose timestamp is farther away than this, in the past or the future. */
  readonly maxAgeSeconds?: number;
  /** If the operator has changed it. */
  readonly headerPrefix?: string;
  /** Milliseconds since the epoch, for tests. */
  readonly now?: () => number;
}

export interface VerifiedWebhook {
  readonly eventId: string | null;
  readonly topic: string | null;
  readonly timestamp: string | null;
}

/** More of them in one header are not looked at; a rotation needs two. */
const SIGNATURES_MAX = 16;
const SECRETS_MAX = 16;
const SCHEME = 'v0=';
const SIGNATURE = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/;
const HMAC = { name: 'HMAC', hash: 'SHA-256' };

/**
 * @param payload the request's body as it came, before any JSON parser: its bytes, or their text in UTF-8
 * @param secrets the destination's secret, or several of which one has to fit
 * @throws WebhookVerificationError whose `check` names what failed
 */
export async function verifyWebhook(
  payload: Uint8Array | ArrayBuffer | string,
  headers: WebhookHeaders,
  secrets: string | readonly string[],
  options: VerifyWebhookOptions = {},
): Promise<VerifiedWebhook> {
  const prefix = (options.headerPrefix ?? 'x-outpost-').toLowerCase();
  const keys = readSecrets(secrets);
  const body = readBody(payload);
  const signatures = readSignatures(headerValues(headers, `${prefix}signature`));
  if (!(await anyFits(keys, body, signatures))) {
    throw new WebhookVerificationError('signature', 'no signature of the request fits the body and the secrets');
  }
  const timestamps = headerValues(headers, `${prefix}timestamp`);
  if (options.maxAgeSeconds !== undefined) checkAge(timestamps, options.maxAgeSeconds, (options.now ?? Date.now)());
  return {
    eventId: headerValues(headers, `${prefix}event-id`)[0] ?? null,
    topic: headerValues(headers, `${prefix}topic`)[0] ?? null,
    timestamp: timestamps[0] ?? null,
  };
}

function readSecrets(secrets: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [secrets];
  const refuse = (problem: string): WebhookVerificationError => new WebhookVerificationError('secret', problem);
  if (list.length === 0 || list.length > SECRETS_MAX) throw refuse(`give 1 to ${SECRETS_MAX} secrets`);
  return list.map((secret) => {
    if (typeof secret !== 'string') throw refuse('a secret is not a string');
    if (secret === '' || secret === 'whsec_') throw refuse('a secret is empty');
    if (secret.trim() !== secret) throw refuse('a secret has white space before or after it, perhaps a line end');
    if (/^v\d+a?,/.test(secret)) throw refuse('a secret begins with a version: give the part after the comma');
    return secret;
  });
}

function readBody(payload: unknown): Uint8Array<ArrayBuffer> {
  if (typeof payload === 'string') return new TextEncoder().encode(payload);
  if (payload instanceof Uint8Array) return new Uint8Array(payload);
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  throw new WebhookVerificationError(
    'body',
    'the body is needed as it came, as bytes or text: a parsed one has lost the bytes that were signed',
  );
}

function readSignatures(values: readonly string[]): readonly Uint8Array<ArrayBuffer>[] {
  const header = values.join(',').trim();
  if (header === '') throw new WebhookVerificationError('signature_missing', 'the request has no signature header');
  const found = header
    .split(',', SIGNATURES_MAX)
    .map((part) => part.trim())
    .map((part) => (part.startsWith(SCHEME) ? part.slice(SCHEME.length) : part))
    .filter((part) => SIGNATURE.test(part));
  if (!header.startsWith(SCHEME) || found.length === 0) {
    throw new WebhookVerificationError('signature_format', `the signature header is not ${SCHEME}<64 hex digits>`);
  }
  return found.map((text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
}

/** Compares all with all, whichever fits. */
async function anyFits(
  secrets: readonly string[],
  body: Uint8Array<ArrayBuffer>,
  signatures: readonly Uint8Array<ArrayBuffer>[],
): Promise<boolean> {
  let fits = false;
  for (const secret of secrets) {
    const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), HMAC, false, ['verify']);
    for (const signature of signatures) fits = (await crypto.subtle.verify(HMAC, key, signature, body)) || fits;
  }
  return fits;
}

function checkAge(timestamps: readonly string[], maxAgeSeconds: number, now: number): void {
  if (!Number.isFinite(maxAgeSeconds) || maxAgeSeconds <= 0) {
    throw new WebhookVerificationError('options', 'maxAgeSeconds must be a number above 0');
  }
  const [text] = timestamps;
  const sentAt = timestamps.length === 1 && text !== undefined && TIME.test(text) ? Date.parse(text) : Number.NaN;
  // Written so that a time that is no number fails.
  if (!(Math.abs(now - sentAt) <= maxAgeSeconds * 1_000)) {
    const reason = Number.isNaN(sentAt) ? 'is missing or no time' : `is more than ${maxAgeSeconds} s away`;
    throw new WebhookVerificationError('age', `the timestamp header ${reason}`);
  }
}

function headerValues(headers: WebhookHeaders, name: string): readonly string[] {
  if (typeof headers.get === 'function') {
    const value: unknown = headers.get(name);
    return typeof value === 'string' ? [value] : [];
  }
  return Object.entries(headers)
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value]) => value ?? [])
    .filter((value) => typeof value === 'string');
}
