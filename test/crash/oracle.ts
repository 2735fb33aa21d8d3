/** What must hold after any number of kills. The receivers' record is the truth about what arrived. */
import assert from 'node:assert/strict';
import { allAttempts, allEventIds } from './api.ts';
import type { Receivers } from './receivers.ts';

/** How long deliveries may take to come to rest once everything heals: recovery, then the longest retry delay. */
const REST_WITHIN_MS = 90_000;

export async function awaitRest(
  receivers: Receivers,
  acked: ReadonlyMap<string, readonly string[]>,
  what: string,
): Promise<void> {
  const giveUpAt = Date.now() + REST_WITHIN_MS;
  for (;;) {
    const missing = missingReceipts(receivers, acked);
    if (missing.length === 0) return;
    assert.ok(
      Date.now() < giveUpAt,
      `every acknowledged event reaches every receiver that takes it: ${missing.length} are missing after ${what}, ` +
        `such as ${missing.slice(0, 3).join(', ')}`,
    );
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
  }
}

function missingReceipts(receivers: Receivers, acked: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const missing: string[] = [];
  for (const [event, destinations] of acked) {
    for (const destination of destinations) {
      const key = `${destination} ${event}`;
      if ((receivers.receipts.get(key)?.taken ?? 0) === 0) missing.push(key);
    }
  }
  return missing;
}

export interface Verdict {
  readonly events: number;
  readonly posts: number;
  readonly duplicates: number;
}

/** @param inFlight deliveries under way at all kills together: the most that may have been taken twice */
export async function judge(
  url: string,
  receivers: Receivers,
  acked: ReadonlyMap<string, readonly string[]>,
  inFlight: number,
): Promise<Verdict> {
  const events = await allEventIds(url);
  for (const id of acked.keys()) assert.ok(events.has(id), `every acknowledged event is in GET /events: ${id}`);

  const attempts = await allAttempts(url);
  for (const [key, made] of attempts) {
    const numbers = made.map((each) => each.attempt_number).sort((a, b) => a - b);
    const expected = numbers.map((_, at) => at + 1);
    assert.deepEqual(numbers, expected, `attempt numbers are 1..n without gaps: ${key}`);
  }
  let posts = 0;
  let duplicates = 0;
  for (const [key, receipt] of receivers.receipts) {
    const recorded = attempts.get(key)?.length ?? 0;
    assert.ok(receipt.posts <= recorded, `POSTs never exceed attempts: ${key}: ${receipt.posts} against ${recorded}`);
    posts += receipt.posts;
    duplicates += Math.max(0, receipt.taken - 1);
  }
  assert.ok(duplicates <= inFlight, `duplicates are at most what was in flight: ${duplicates} against ${inFlight}`);
  return { events: acked.size, posts, duplicates };
}
