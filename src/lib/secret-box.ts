/**
 * Seals short texts for storage: AES-256-GCM under a key derived from an operator's secret, with the key's id beside
 * the text, so that a later secret can be told from the present one.
 *
 * What is sealed is bound to a context that is not stored with it: moved to another place, it doesn't open.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync } from 'node:crypto';

const VERSION = 'v1';
const CIPHER = 'aes-256-gcm';
/** What NIST SP 800-38D recommends; random ones are safe for 2^32 texts under one key. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = /^v1\.([0-9a-f]{8})\.([0-9A-Za-z_-]+)$/;

export interface SecretBox {
  /** @param context what the text belongs to; joined by the caller so that no two places share one */
  seal(plain: string, context: string): string;
  /** @throws SealError when it was sealed under another secret or context, or was changed since */
  open(sealed: string, context: string): string;
  /** Eight hexadecimal digits that say which secret sealed, and nothing else about it. */
  readonly keyId: string;
  /** 32 bytes by which the same secret is known again; they don't lead back to it or to its key. */
  readonly check: Uint8Array;
}

/** Why a text does not open: not of our making, sealed under another secret, or changed (or moved) since. */
export class SealError extends Error {
  readonly reason: 'malformed' | 'other_key' | 'tampered';

  constructor(reason: SealError['reason'], message: string) {
    super(message);
    this.name = 'SealError';
    this.reason = reason;
  }
}

export function secretBox(secret: string, randomBytes: (size: number) => Uint8Array): SecretBox {
  if (secret === '') throw new RangeError('a secret box needs a secret that is not empty');
  const key = createSecretKey(derive(secret, 'key'));
  const keyId = derive(secret, 'key id').toString('hex', 0, 4);
  const bind = (context: string): Buffer => Buffer.from(`${VERSION}.${keyId}.${context}`);
  return {
    keyId,
    check: derive(secret, 'check'),
    seal(plain, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(bind(context));
      const sealed = Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${keyId}.${sealed.toString('base64url')}`;
    },
    open(sealed, context) {
      const [, sealedKeyId, text = ''] = SEALED.exec(sealed) ?? [];
      const bytes = Buffer.from(text, 'base64url');
      // The decoder is lenient; ours is the only spelling that we accept.
      if (bytes.length < IV_BYTES + TAG_BYTES || bytes.toString('base64url') !== text) {
        throw new SealError('malformed', 'a sealed text is not in the form that sealing writes');
      }
      if (sealedKeyId !== keyId) {
        throw new SealError('other_key', `a sealed text needs the secret with key id ${sealedKeyId}, not ${keyId}`);
      }
      const iv = bytes.subarray(0, IV_BYTES);
      const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(bind(context));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString(
          'utf8',
        );
      } catch {
        throw new SealError('tampered', 'a sealed text was changed, or belongs elsewhere');
      }
    },
  };
}

function derive(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `secret box 1: ${purpose}`, 32));
}
