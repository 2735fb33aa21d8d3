/**
 * What an answer to a delivery by HTTP means, the same for every type that speaks HTTP. Only 2xx is a success and
 * redirects are not followed, unlike the original, which takes any status below 400.
 */
import { type AttemptOutcome, delivered, failed, type ResponseData } from '../domain/attempt.ts';
import type { HttpResult } from '../ports/http-client.ts';
import { retryAfterMs } from './retry-after.ts';

export type HttpAnswer = Extract<HttpResult, { ok: true }>;

/** @param response what is kept of the answer */
export function outcomeOfAnswer(answer: HttpAnswer, response: ResponseData, nowMs: number): AttemptOutcome {
  const code = String(answer.status);
  if (answer.status >= 200 && answer.status <= 299) return delivered(code, response);
  const asksToWait = answer.status === 429 || answer.status === 503;
  return failed(code, response, {
    retryAfterMs: asksToWait ? retryAfterMs(answer.headers['retry-after'], nowMs) : null,
    // 410: the receiver says that this address is gone for good (RFC 9110 §15.5.11).
    permanent: answer.status === 410,
  });
}

/**
 * The body as text, never parsed.
 * @param maxBytes the cap that the HTTP client applied
 */
export function bodyText({ body, tooLong }: HttpAnswer, maxBytes: number): string {
  if (tooLong) return `Response body exceeded ${maxBytes} bytes and was not stored`;
  // Bytes that are not UTF-8 become U+FFFD.
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
}
