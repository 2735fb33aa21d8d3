/** Errors that Fastify raises by itself, as ours. */
import { AppError } from '../lib/errors.ts';
import { tooLarge } from './body-head.ts';
import { badRequest, type ErrorReply, replyOf, UNKNOWN_ROUTE } from './errors.ts';

/** What a client sees of anything thrown while its request was routed, read or handled. */
export function replyOfThrown(error: unknown): ErrorReply {
  if (error instanceof AppError || !(error instanceof Error)) return replyOf(error);
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return replyOf(tooLarge());
  if (code === 'FST_ERR_BAD_URL') return replyOf(badRequest('the path is not percent-encoded as it should be'));
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return UNKNOWN_ROUTE;
  // What is left of its own is about bodies: cut off, or not as long as they claim.
  const isAboutBody =
    code?.startsWith('FST_') === true || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE';
  if (isAboutBody && statusCode !== undefined && statusCode < 500) return replyOf(badRequest('malformed request'));
  return replyOf(error);
}
