/** What the head of a request says of its body, checked before the body is read or invited. */
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../lib/errors.ts';

/** One event is a message, not a file, and settings are smaller still. */
export const BODY_MAX_BYTES = 1_048_576;

const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)"?/i;

/** Also for bodies that turn out to be too large while they come. */
export const tooLarge = (): AppError =>
  new AppError('payload_too_large', `the body must be at most ${BODY_MAX_BYTES} bytes`);

/**
 * Answers why the body is not wanted, or null. Its content type doesn't matter, but for a charset: what isn't UTF-8 would
 * be read as something else.
 * @param isRead false on routes that ignore their body
 */
export function refuseBody(headers: IncomingHttpHeaders, contentType: string, isRead: boolean): AppError | null {
  if (Number(headers['content-length'] ?? 0) > BODY_MAX_BYTES) return tooLarge();
  if (!isRead) return null;
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== '') {
    return new AppError('unsupported_encoding', 'the body must be sent without a content encoding');
  }
  const charset = CHARSET.exec(contentType)?.[1]?.toLowerCase() ?? 'utf-8';
  if (charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    return new AppError('unsupported_encoding', 'the body must be UTF-8');
  }
  return null;
}
