/**
 * For receivers: checks that a request came from Outpost and was not changed (default mode). It depends on nothing but
 * `node:crypto` and may be copied. It throws in every bad case, so that a caller who ignores what it returns is still
 * safe. The signature covers the body alone: the id, topic and time that it returns are not authenticated.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** More signatures than this in one header are not looked at; a rotation needs two. */
const SIGNATURES_MAX = 16;
const SECRETS_MAX = 16;
const SCHEME = 'v0=';
const SIGNATURE = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/;

/** Which check failed. `secret`, `options` and `body` are mistakes of the caller, the others are about the request. */
export type FailedCheck =
  'secret' | 'options' | 'body' | 'signature_missing' | 'signature_format' | 'signature' | 'age';

export class WebhookVerificationError extends Error {
  readonly check: FailedCheck;

  constructor(check: FailedCheck, message: string) {
    super(message);
    this.name = 'WebhookVerificationError';
    this.check = check;
  }
}

type HeaderValue = string | readonly string[] | undefined;

export interface VerifyOptions {
  /** The destination's secret, or several of which one must fit. */
  readonly secret: string | readonly string[];
  /** A `Headers` object, or a plain one with names in any case. */
  readonly headers: { get(name: string): string | null } | Readonly<Record<string, HeaderValue>>;
  /** The request's body as it came, before any JSON parser: the bytes, or their text in UTF-8. */
  readonly rawBody: Uint8Array | string;
  /** Refuses requests whose timestamp header is farther away than this, in the past or the future. */
  readonly maxAgeSeconds?: number;
  /** Milliseconds since the epoch, for tests. */
  readonly now?: () => number;
  /** If the operator has changed it. */
  readonly headerPrefix?: string;
}

export interface VerifiedWebhook {
  readonly eventId: string | null;
  readonly topic: string | null;
  readonly timestamp: string | null;
}

/** @throws WebhookVerificationError whose `check` names what failed */
export function verifyWebhook(options: VerifyOptions): VerifiedWebhook {
  const prefix = (options.headerPrefix ?? 'x-outpost-').toLowerCase();
  const secrets = secretsOf(options.secret);
  const body = bodyOf(options.rawBody);
  const signatures = signaturesOf(headerValues(options.headers, `${prefix}signature`));
  if (!anyFits(secrets, body, signatures)) {
    throw new WebhookVerificationError('signature', 'no signature of the request fits the body and the secret');
  }
  const timestamps = headerValues(options.headers, `${prefix}timestamp`);
  if (options.maxAgeSeconds !== undefined) {
    // oxlint-disable-next-line no-restricted-properties -- a receiver that copies this file has no clock to pass in
    checkAge(timestamps, options.maxAgeSeconds, (options.now ?? Date.now)());
  }
  return {
    eventId: headerValues(options.headers, `${prefix}event-id`)[0] ?? null,
    topic: headerValues(options.headers, `${prefix}topic`)[0] ?? null,
    timestamp: timestamps[0] ?? null,
  };
}

function secretsOf(secret: unknown): readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  if (secrets.length === 0 || secrets.length > SECRETS_MAX) {
    throw new WebhookVerificationError('secret', `give 1 to ${SECRETS_MAX} secrets`);
  }
  return secrets.map((text) => {
    if (typeof text !== 'string') throw new WebhookVerificationError('secret', 'the secret is not a string');
    if (text === '' || text === 'whsec_') throw new WebhookVerificationError('secret', 'the secret is empty');
    if (text.trim() !== text) {
      throw new WebhookVerificationError('secret', 'the secret has white space before or after it, perhaps a line end');
    }
    if (/^v\d+a?,/.test(text)) {
      throw new WebhookVerificationError('secret', 'the secret begins with a version: give the part after the comma');
    }
    return text;
  });
}

function bodyOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  throw new WebhookVerificationError(
    'body',
    'the raw body is needed, as bytes or text: a parsed object can not be verified, because its bytes are lost',
  );
}

function signaturesOf(values: readonly string[]): readonly Buffer[] {
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
  return found.map((part) => Buffer.from(part, 'hex'));
}

/** Compares all with all, in a time that does not depend on which fits. */
function anyFits(secrets: readonly string[], body: Uint8Array, signatures: readonly Buffer[]): boolean {
  let fits = false;
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(body).digest();
    for (const signature of signatures) fits = timingSafeEqual(expected, signature) || fits;
  }
  return fits;
}

function checkAge(timestamps: readonly string[], maxAgeSeconds: number, nowMs: number): void {
  if (!Number.isFinite(maxAgeSeconds) || maxAgeSeconds <= 0) {
    throw new WebhookVerificationError('options', 'maxAgeSeconds must be a number above 0');
  }
  const [text] = timestamps;
  const sentMs = timestamps.length === 1 && text !== undefined && TIME.test(text) ? Date.parse(text) : Number.NaN;
  // Written so that a time that is no number fails.
  if (!(Math.abs(nowMs - sentMs) <= maxAgeSeconds * 1_000)) {
    const reason = Number.isNaN(sentMs) ? 'is missing or no time' : `is more than ${maxAgeSeconds} s away`;
    throw new WebhookVerificationError('age', `the timestamp header ${reason}`);
  }
}

function headerValues(headers: VerifyOptions['headers'], name: string): readonly string[] {
  if (headers instanceof Headers || typeof headers['get'] === 'function') {
    const value = (headers as { get(name: string): string | null }).get(name);
    return value === null ? [] : [value];
  }
  return Object.entries(headers as Readonly<Record<string, HeaderValue>>)
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value]) => value ?? [])
    .filter((value) => typeof value === 'string');
}
