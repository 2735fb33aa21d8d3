/**
 * The life of a webhook's signing secret (spec api-v1.md §8.4): generated, given by the operator, rotated by anyone.
 * A rotated secret goes on signing beside the new one until `previous_secret_invalid_at`. Of the credentials only the
 * three keys below are ever stored: neither the command `rotate_secret` nor anything else.
 */
import { formatMs, parseInstant } from '../../domain/instant.ts';
import type { StringMap } from '../../domain/json.ts';
import type { PrepareRequest, Problem } from '../../ports/provider.ts';

const SECRET_KEYS = ['secret', 'previous_secret', 'previous_secret_invalid_at'] as const;
const SECRET_BYTES = 32;
/** Outpost's default: how long a rotated secret still signs. */
const ROTATION_GRACE_MS = 24 * 3_600_000;
const TRUE = new Set(['true', '1', 'on', 'yes']);

/** Nothing here asks anybody. */
type SecretsRequest = Omit<PrepareRequest, 'http'>;

export type PreparedSecrets =
  { readonly ok: true; readonly credentials: StringMap } | { readonly ok: false; readonly problem: Problem };

export function prepareSecrets(request: SecretsRequest): PreparedSecrets {
  return request.current === null ? createSecrets(request) : changeSecrets(request, request.current.credentials);
}

function createSecrets(request: SecretsRequest): PreparedSecrets {
  const given = known(request.settings.credentials);
  const problem = checkSecrets(given);
  if (problem !== null) return { ok: false, problem };
  if (isTrue(request.settings.credentials['rotate_secret'])) return broken('rotate_secret', 'invalid');
  const first = SECRET_KEYS.find((key) => given[key] !== undefined);
  if (first === undefined) return { ok: true, credentials: { secret: generateSecret(request) } };
  return request.role === 'tenant' ? broken(first, 'forbidden') : { ok: true, credentials: given };
}

function changeSecrets(request: SecretsRequest, current: StringMap): PreparedSecrets {
  const stored = known(current);
  const wanted = known(request.settings.credentials);
  if (isTrue(request.requested?.['rotate_secret'])) return rotate(request, stored);
  if (request.role === 'tenant') {
    // Sending back what was read is allowed, leaving it out too; nothing of it is a tenant's to change.
    const changed = SECRET_KEYS.find((key) => wanted[key] !== undefined && wanted[key] !== stored[key]);
    return changed === undefined ? { ok: true, credentials: stored } : broken(changed, 'forbidden');
  }
  const needsDate = wanted['previous_secret'] !== undefined && wanted['previous_secret_invalid_at'] === undefined;
  const credentials = needsDate ? { ...wanted, previous_secret_invalid_at: graceEnd(request.nowMs) } : wanted;
  const problem = checkSecrets(credentials);
  return problem === null ? { ok: true, credentials } : { ok: false, problem };
}

function rotate(request: SecretsRequest, stored: StringMap): PreparedSecrets {
  if (stored['secret'] === undefined) return broken('secret', 'required');
  // Only a date of this very request counts: the stored one belongs to the secret that is dropped.
  const asked = known(request.requested ?? {})['previous_secret_invalid_at'];
  const credentials = {
    secret: generateSecret(request),
    previous_secret: stored['secret'],
    previous_secret_invalid_at: asked ?? graceEnd(request.nowMs),
  };
  const problem = checkSecrets(credentials);
  return problem === null ? { ok: true, credentials } : { ok: false, problem };
}

function checkSecrets(given: StringMap): Problem | null {
  if (Object.keys(given).length === 0) return null;
  const { secret, previous_secret: previous, previous_secret_invalid_at: invalidAt } = given;
  if (secret === undefined) return problemOf('secret', 'required');
  if (invalidAt !== undefined && parseInstant(invalidAt) === null) {
    return problemOf('previous_secret_invalid_at', 'pattern');
  }
  if (previous !== undefined && invalidAt === undefined) return problemOf('previous_secret_invalid_at', 'required');
  if (previous === undefined && invalidAt !== undefined) return problemOf('previous_secret', 'required');
  return null;
}

/** What of the credentials is stored: the three keys that are not empty. */
function known(credentials: StringMap): StringMap {
  const pairs = SECRET_KEYS.map((key) => [key, credentials[key] ?? ''] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ''));
}

/** The credentials as they are shown: a previous secret that signs no more is left out. */
export function shownSecrets(credentials: StringMap, nowMs: number): StringMap {
  const { previous_secret_invalid_at: invalidAt } = credentials;
  if (invalidAt === undefined || signsUntil(invalidAt) >= nowMs) return credentials;
  const { previous_secret: _hidden, previous_secret_invalid_at: _past, ...shown } = credentials;
  return shown;
}

/** When a previous secret stops signing. A text that is no time, which can't be stored, counts as long past. */
export function signsUntil(invalidAt: string): number {
  return parseInstant(invalidAt)?.ms ?? 0;
}

function generateSecret(request: SecretsRequest): string {
  return `whsec_${Buffer.from(request.randomBytes(SECRET_BYTES)).toString('hex')}`;
}

/** In whole seconds. */
function graceEnd(nowMs: number): string {
  return formatMs(nowMs - (nowMs % 1_000) + ROTATION_GRACE_MS);
}

function isTrue(text: string | undefined): boolean {
  return TRUE.has((text ?? '').toLowerCase());
}

function problemOf(key: string, rule: string): Problem {
  return { field: `credentials.${key}`, rule };
}

function broken(key: string, rule: string): PreparedSecrets {
  return { ok: false, problem: problemOf(key, rule) };
}
