/**
 * Who is calling: the operator by the API key, or a tenant by a JWT (spec api-v1.md §3.1, §3.3).
 *
 * A token without `exp` never expires and one issued in the future is valid: operators mint their own, on other clocks.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../ports/clock.ts';

export interface AuthSettings {
  /** Null: everybody is the operator (`AUTH_DISABLED`). */
  readonly apiKey: string | null;
  /** Signs and verifies tenant tokens; the bytes of the string are the key. Empty: there are no tenant tokens. */
  readonly jwtSecret: string;
  /** Becomes a claim of the tokens that we issue. */
  readonly deploymentId?: string;
}

/** What a request's credential says, before anything is looked up. */
export type Credential =
  | { readonly kind: 'admin' }
  /** The subject of a valid token; possibly of a tenant that is gone. */
  | { readonly kind: 'tenant'; readonly subject: string }
  | { readonly kind: 'none' };

export interface Credentials {
  /** Reads the `Authorization` header. Answers at once for the API key; a promise only where a token is to be verified. */
  read(header: string | undefined): Credential | Promise<Credential>;
  /** A token for a tenant, valid for a day. */
  mint(tenantId: string): Promise<string>;
}

const ADMIN: Credential = { kind: 'admin' };
const NONE: Credential = { kind: 'none' };
/** Any case of the scheme, one blank, and a token that doesn't begin with another one. */
const BEARER = /^bearer ([^ ].*)$/i;
const ISSUER = 'outpost';
const TOKEN_SECONDS = 24 * 3_600;

export function credentials(settings: AuthSettings, clock: Pick<Clock, 'now'>): Credentials {
  const apiKeyHash = settings.apiKey === null ? null : sha256(settings.apiKey);
  const secret = new TextEncoder().encode(settings.jwtSecret);

  return {
    read(header) {
      if (apiKeyHash === null) return ADMIN;
      const token = header === undefined ? undefined : BEARER.exec(header)?.[1];
      if (token === undefined) return NONE;
      // Both sides are hashed, so that the comparison takes the same time whatever their lengths.
      if (timingSafeEqual(sha256(token), apiKeyHash)) return ADMIN;
      return secret.length === 0 ? NONE : verify(token, secret, clock.now());
    },
    mint(tenantId) {
      const issuedAt = Math.floor(clock.now() / 1_000);
      // Claims in alphabetical order, as the original writes them: tests compare whole tokens.
      const claims = {
        ...(settings.deploymentId === undefined ? {} : { deployment_id: settings.deploymentId }),
        exp: issuedAt + TOKEN_SECONDS,
        iat: issuedAt,
        iss: ISSUER,
        sub: tenantId,
      };
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(secret);
    },
  };
}

async function verify(token: string, secret: Uint8Array, nowMs: number): Promise<Credential> {
  try {
    const { payload } = await jwtVerify(token, secret, {
      algorithms: ['HS256', 'HS384', 'HS512'],
      issuer: ISSUER,
      currentDate: new Date(nowMs),
    });
    return payload.sub === undefined || payload.sub === '' ? NONE : { kind: 'tenant', subject: payload.sub };
  } catch (error) {
    if (error instanceof errors.JOSEError) return NONE;
    throw error;
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
