/**
 * The secrets of `outpost dev`: made once, kept in a file that only its owner can read, so that the next start can open
 * what this one sealed.
 */
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { StartError } from '../lib/errors.ts';

const FILE = 'secrets.json';
const SECRET_BYTES = 32;

const fileSchema = z.object({
  api_key: z.string().min(1),
  api_jwt_secret: z.string().min(1),
  aes_encryption_secret: z.string().min(1),
  /** Signs the webhooks to the receiver that is built in. */
  demo_webhook_secret: z.string().min(1),
});

export interface DevSecrets {
  readonly apiKey: string;
  readonly apiJwtSecret: string;
  readonly aesEncryptionSecret: string;
  readonly demoWebhookSecret: string;
}

/**
 * Reads the secrets, or makes them. Two first starts at once end with the same ones.
 * @param directory made if it is missing
 * @throws StartError if the directory or the file can't be used
 */
export function devSecrets(directory: string, randomBytes: (size: number) => Uint8Array): DevSecrets {
  const path = join(directory, FILE);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
    const known = read(path);
    if (known !== null) return known;
    make(path, randomBytes);
  } catch (error) {
    if (error instanceof StartError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new StartError(`${directory} can't be used (${code}); start in a folder that you may write to`, {
      cause: error,
    });
  }
  const made = read(path);
  if (made === null) throw new StartError(`${path} was removed while this process started; start again`);
  return made;
}

function make(path: string, randomBytes: (size: number) => Uint8Array): void {
  const hex = (): string => Buffer.from(randomBytes(SECRET_BYTES)).toString('hex');
  const secrets: z.input<typeof fileSchema> = {
    api_key: hex(),
    api_jwt_secret: hex(),
    aes_encryption_secret: hex(),
    demo_webhook_secret: `whsec_${hex()}`,
  };
  // Complete before it has its name, and never over one that is there already.
  const half = `${path}.${hex().slice(0, 16)}`;
  writeFileSync(half, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(half, path);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(half, { force: true });
  }
}

function read(path: string): DevSecrets | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
  // A copy or a restored backup may have lost it.
  chmodSync(path, 0o600);
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new StartError(`${path} is damaged; restore it, or remove the whole folder to begin anew without its data`);
  }
  return {
    apiKey: parsed.data.api_key,
    apiJwtSecret: parsed.data.api_jwt_secret,
    aesEncryptionSecret: parsed.data.aes_encryption_secret,
    demoWebhookSecret: parsed.data.demo_webhook_secret,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
