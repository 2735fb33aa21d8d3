/** Errors that Fastify raises by itself, as ours. */
import { AppError } from '../lib/errors.ts';
import { tooLarge } from './body-head.ts';
import { badRequest, type ErrorReply, replyOf as replyOfV1, UNKNOWN_ROUTE } from './errors.ts';
import type { Generation } from './generation.ts';
import { replyOfV0, UNKNOWN_ROUTE_V0 } from './v0/errors.ts';

/** What a client sees of anything thrown while its request was routed, read or handled. */
export function replyOfThrown(error: unknown, generation: Generation): ErrorReply {
  const replyOf = generation === 'v0' ? replyOfV0 : replyOfV1;
  if (error instanceof AppError || !(error instanceof Error)) return replyOf(error);
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return replyOf(tooLarge());
  if (code === 'FST_ERR_BAD_URL') return replyOf(badRequest('the path is not percent-encoded as it should be'));
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return unknownRoute(generation);
  // What is left of its own is about bodies: cut off, or not as long as they claim.
  const isAboutBody =
    code?.startsWith('FST_') === true || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE';
  if (isAboutBody && statusCode !== undefined && statusCode < 500) return replyOf(badRequest('malformed request'));
  return replyOf(error);
}

export const unknownRoute = (generation: Generation): ErrorReply =>
  generation === 'v0' ? UNKNOWN_ROUTE_V0 : UNKNOWN_ROUTE;
