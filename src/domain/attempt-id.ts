/**
 * Public ids of attempts: a prefix and one AES block over what identifies the attempt, written like a UUID. The id is
 * known before the request is sent, says nothing to who has no key, and leads back to the row without an index.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { AttemptKey, AttemptKind } from './attempt.ts';
import { type AttemptId, attemptId, eventSeq, laneNumber, tenantNumber } from './ids.ts';

const KINDS: readonly AttemptKind[] = ['settled', 'late', 'interrupted'];
/** Bits: kind 4, tenant 28, event 44, lane 32, lease 20. */
const TENANT_MAX = 2 ** 28 - 1;
const EVENT_MAX = 2 ** 44 - 1;
const LANE_MAX = 2 ** 32 - 1;
const LEASE_MAX = 2 ** 20 - 1;
const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/;

export interface AttemptIds {
  encode(key: AttemptKey): AttemptId;
  /** Null for anything that `encode` did not make. */
  decode(id: string): AttemptKey | null;
}

/** @param key 32 bytes, made with the store */
export function attemptIds(key: Uint8Array, prefix: string): AttemptIds {
  // One cipher for all: ECB without padding keeps no state between blocks, and a new one each time costs four times as much.
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  const decipher = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  return {
    encode(attempt) {
      const hex = cipher.update(pack(attempt)).toString('hex');
      return attemptId(
        `${prefix}${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`,
      );
    },
    decode(id) {
      if (!id.startsWith(prefix)) return null;
      const parts = UUID.exec(id.slice(prefix.length));
      if (parts === null) return null;
      return unpack(decipher.update(Buffer.from(parts.slice(1).join(''), 'hex')));
    },
  };
}

function pack(attempt: AttemptKey): Buffer {
  const kind = KINDS.indexOf(attempt.kind);
  if (
    attempt.tenant > TENANT_MAX ||
    attempt.event > EVENT_MAX ||
    attempt.lane > LANE_MAX ||
    attempt.lease > LEASE_MAX
  ) {
    throw new RangeError('an attempt is numbered beyond what its id can hold');
  }
  const block = Buffer.allocUnsafe(16);
  block.writeUInt32BE(kind * 2 ** 28 + attempt.tenant, 0);
  block.writeUIntBE(Math.floor(attempt.event / 2 ** 12), 4, 4);
  block.writeUInt32BE(attempt.lane, 8);
  // The event's low 12 bits and the lease's 20 share the last word.
  block.writeUInt32BE((attempt.event % 2 ** 12) * 2 ** 20 + attempt.lease, 12);
  return block;
}

function unpack(block: Buffer): AttemptKey | null {
  const head = block.readUInt32BE(0);
  const tail = block.readUInt32BE(12);
  const kind = KINDS[Math.floor(head / 2 ** 28)];
  if (kind === undefined) return null;
  return {
    kind,
    tenant: tenantNumber(head % 2 ** 28),
    event: eventSeq(block.readUInt32BE(4) * 2 ** 12 + Math.floor(tail / 2 ** 20)),
    lane: laneNumber(block.readUInt32BE(8)),
    lease: tail % 2 ** 20,
  };
}
