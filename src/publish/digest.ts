/** What makes two publishes of one id the same event (architecture §4, idempotency). */
import { hash } from 'node:crypto';
import type { NewEvent } from '../domain/event.ts';

type Content = Pick<NewEvent, 'topic' | 'destinationId' | 'eligibleForRetry' | 'metadata' | 'data'>;

/**
 * SHA-256 over topic, destination, eligibility, metadata (in key order, since clients send maps in any) and the exact
 * bytes of data. Not over `time`, which some publishers fill anew on a repeat.
 */
export function eventDigest(event: Content): Uint8Array {
  const metadata = Object.keys(event.metadata)
    .sort()
    .map((key) => [key, event.metadata[key]]);
  // JSON keeps the parts apart whatever they contain; data comes last and needs no mark for its end.
  const head = Buffer.from(JSON.stringify([event.topic, event.destinationId, event.eligibleForRetry, metadata]));
  return hash('sha256', Buffer.concat([head, event.data]), 'buffer');
}
