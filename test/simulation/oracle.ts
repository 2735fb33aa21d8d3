/**
 * What must be true when a simulated day is over. Each message names the promise that broke; the receivers' own record
 * is what counts as having arrived, the log is what counts as having been told.
 */
import assert from 'node:assert/strict';
import type { AttemptRecord } from '../../src/domain/attempt.ts';
import { destinationId } from '../../src/domain/ids.ts';
import type { Outcome, Publication, Switch } from './world.ts';
import { POLICY } from './world.ts';

const PAGE = 1_000;

export async function judge(outcome: Outcome): Promise<void> {
  const attempts = await allAttempts(outcome);
  const fates = await destinationFates(outcome);
  everyPostIsIntact(outcome);
  postsDoNotExceedAttempts(outcome, attempts);
  numbersHaveNoGaps(attempts);
  nothingFollowsASuccess(attempts);
  switchesAreHonoured(outcome);
  for (const publication of outcome.publications) {
    if (publication.ackedMs === null) continue;
    await eventIsInTheLog(outcome, publication);
    for (const id of publication.destinationIds) {
      deliveryHasEnded(outcome, publication, id, attempts.get(keyOf(publication.id, id)) ?? [], fates.get(id));
    }
  }
  for (const retry of outcome.acceptedRetries) {
    const made = attempts.get(keyOf(retry.eventId, retry.destinationId)) ?? [];
    const asked = outcome.acceptedRetries.filter(
      (each) => each.eventId === retry.eventId && each.destinationId === retry.destinationId,
    ).length;
    if (fates.get(retry.destinationId) !== 'active') continue;
    const manual = made.filter(({ trigger, key }) => trigger === 'manual' && key.kind === 'settled').length;
    assert.ok(manual >= asked, `an accepted manual retry makes its attempt: ${retry.eventId} ${retry.destinationId}`);
  }
}

type Attempts = ReadonlyMap<string, readonly AttemptRecord[]>;
type Fate = 'active' | 'disabled' | 'deleted';

const keyOf = (event: string, destination: string): string => `${event} ${destination}`;

/** Every attempt by delivery, lowest number first. */
async function allAttempts({ store }: Outcome): Promise<Attempts> {
  const page = await store.history.listAttempts({
    scope: { kind: 'all' },
    direction: 'asc',
    limit: PAGE,
    cursor: null,
    time: {},
    topics: null,
    destinationIds: null,
    eventIds: null,
    destinationTypes: null,
    succeeded: null,
    includeEvent: false,
  });
  assert.ok(!page.hasMore, 'a simulated day fits into one page');
  const grouped = Map.groupBy(page.rows, (row) => keyOf(row.eventId, row.destinationId));
  for (const rows of grouped.values()) rows.sort((a, b) => a.number - b.number);
  return grouped;
}

async function destinationFates({ store, destinations }: Outcome): Promise<ReadonlyMap<string, Fate>> {
  const fates = new Map<string, Fate>();
  for (const { id, tenant } of destinations) {
    const found = await store.directory.findDestination(tenant, destinationId(id));
    fates.set(id, found === null ? 'deleted' : found.disabledAtMs === null ? 'active' : 'disabled');
  }
  return fates;
}

function everyPostIsIntact({ posts }: Outcome): void {
  for (const post of posts) {
    assert.ok(post.bodyIsIntact, `the bytes of data arrive as they were published: ${post.eventId}`);
  }
}

function postsDoNotExceedAttempts({ posts }: Outcome, attempts: Attempts): void {
  for (const [key, made] of Map.groupBy(posts, (post) => keyOf(post.eventId, post.destinationId))) {
    const recorded = attempts.get(key)?.length ?? 0;
    assert.ok(
      made.length <= recorded,
      `POSTs never exceed attempts: ${key}: ${made.length} posted, ${recorded} recorded`,
    );
  }
}

function numbersHaveNoGaps(attempts: Attempts): void {
  for (const [key, made] of attempts) {
    const expected = made.map((_, index) => index + 1);
    const numbers = made.map(({ number }) => number);
    assert.deepEqual(numbers, expected, `attempt numbers are 1..n without gaps: ${key}`);
  }
}

function nothingFollowsASuccess(attempts: Attempts): void {
  for (const [key, made] of attempts) {
    const success = made.findIndex((attempt) => attempt.succeeded && attempt.key.kind === 'settled');
    if (success < 0) continue;
    const later = made.slice(success + 1).filter((each) => each.trigger === 'schedule' && each.key.kind !== 'late');
    assert.equal(later.length, 0, `no success is followed by an automatic attempt: ${key}`);
  }
}

/** What was surely off while an event was accepted gets nothing; what was surely on gets it. */
function switchesAreHonoured(outcome: Outcome): void {
  for (const { id, tenant } of outcome.destinations) {
    const switches = outcome.switches.filter((each) => each.destinationId === id);
    for (const publication of outcome.publications) {
      if (publication.ackedMs === null || publication.tenantId !== tenant) continue;
      const state = stateDuring(switches, publication);
      if (state === null) continue;
      const isMatched = publication.destinationIds.includes(id);
      if (state === 'on')
        assert.ok(isMatched, `a destination that was enabled before a publish began gets the event: ${id}`);
      else {
        assert.ok(!isMatched, `a destination that was disabled or deleted before a publish began gets nothing: ${id}`);
        const arrived = outcome.posts.some((post) => post.eventId === publication.id && post.destinationId === id);
        assert.ok(!arrived, `a destination that was disabled or deleted before a publish began gets no POST: ${id}`);
      }
    }
  }
}

/** The switch's state during the whole of a publish; null where a change overlaps it or was never answered before it. */
function stateDuring(switches: readonly Switch[], publication: Publication): 'on' | 'off' | null {
  const ackedMs = publication.ackedMs ?? 0;
  let state: 'on' | 'off' | null = null;
  for (const each of switches) {
    if (each.startedMs > ackedMs) break;
    if (each.endedMs === null || each.endedMs >= publication.startedMs) return null;
    state = each.kind === 'created' || each.kind === 'enabled' ? 'on' : 'off';
  }
  // Switches that overlapped each other were answered in an order that says nothing about their commits.
  const isOverlapped = switches.some((a, at) =>
    switches.slice(at + 1).some((b) => b.startedMs <= (a.endedMs ?? Infinity)),
  );
  return isOverlapped ? null : state;
}

async function eventIsInTheLog({ store }: Outcome, publication: Publication): Promise<void> {
  const event = await store.history.findEvent({ kind: 'all' }, publication.id);
  assert.ok(event !== null, `an acknowledged event is in the log: ${publication.id}`);
  assert.ok(
    Buffer.from(event.data).equals(publication.data),
    `the log has the bytes that were published: ${publication.id}`,
  );
  assert.deepEqual(
    [...event.matchedDestinationIds].sort(),
    [...publication.destinationIds].sort(),
    `the log names the destinations that the publisher was told: ${publication.id}`,
  );
}

/** Delivered, or visibly not: every attempt spent, refused for good, cancelled with its destination, or held with it. */
function deliveryHasEnded(
  outcome: Outcome,
  publication: Publication,
  id: string,
  made: readonly AttemptRecord[],
  fate: Fate | undefined,
): void {
  const isTaken = outcome.posts.some(
    (post) => post.eventId === publication.id && post.destinationId === id && post.wasTaken,
  );
  if (isTaken || fate === 'deleted' || fate === 'disabled') return;
  const spent = made.filter((each) => each.trigger === 'schedule' && each.key.kind === 'settled');
  const isSpent = spent.length === (publication.eligible ? POLICY.delaysMs.length + 1 : 1);
  const isRefused = spent.some((each) => each.code === '410');
  assert.ok(
    isSpent || isRefused,
    `an acknowledged event is delivered or visibly not: ${publication.id} ${id} has ${spent.length} attempts and no end`,
  );
}
