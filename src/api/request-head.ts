/** Rules about the head of any request, whatever its route: what Node lets pass, or answers without words. */
import type { IncomingMessage } from 'node:http';
import { AppError } from '../lib/errors.ts';
import { badRequest } from './errors.ts';

/** Answers what is wrong with a head, or null. */
export function faultOfHead(request: IncomingMessage): AppError | null {
  const { httpVersion, headers } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    return new AppError('version_not_supported', 'only HTTP/1.1 and 1.0 are spoken here');
  }
  // RFC 9112 §3.2: required in 1.1.
  if (httpVersion === '1.1' && headers.host === undefined) return badRequest('the Host header is missing');
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') {
    return new AppError('not_implemented', 'the only transfer coding is chunked');
  }
  return null;
}
