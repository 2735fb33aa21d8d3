import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UNMATCHED_MAX } from './event.ts';
import type { FilterRoot } from './filter.ts';
import { destinationId, laneNumber, tenantNumber } from './ids.ts';
import { compileRoster, matchEvent, type MatchResult, type RosterEntry } from './roster.ts';

let lanes = 0;
function entry(id: string, more: Partial<RosterEntry> = {}): RosterEntry {
  lanes += 1;
  const base = { topics: ['*'], filter: null, disabledAtMs: null, version: 1 };
  return { lane: laneNumber(lanes), id: destinationId(id), ...base, ...more };
}

function match(
  entries: readonly RosterEntry[],
  event: { topic?: string; to?: string; root?: () => FilterRoot } = {},
): MatchResult {
  const roster = compileRoster({ tenant: tenantNumber(1), version: 1, destinations: entries });
  const to = event.to === undefined ? null : destinationId(event.to);
  return matchEvent(roster, { topic: event.topic ?? 'a', destinationId: to }, event.root ?? (() => ({})));
}

const NEVER = '{"data":{"$exist":true}}';

describe('matchEvent', () => {
  it('gives the destinations that match in the order of the roster, with their lanes', () => {
    const entries = [entry('z'), entry('b', { topics: ['b'] }), entry('a')];
    const { matched } = match(entries);
    assert.deepEqual(matched, [
      { lane: entries[0]?.lane, id: 'z' },
      { lane: entries[2]?.lane, id: 'a' },
    ]);
  });

  it('gives the first reason of the others: disabled, then topic, then filter', () => {
    const { matched, unmatched } = match([
      entry('off', { disabledAtMs: 1, topics: ['b'], filter: NEVER }),
      entry('topic', { topics: ['b'], filter: NEVER }),
      entry('filter', { topics: ['a'], filter: NEVER }),
    ]);
    assert.deepEqual(matched, []);
    assert.deepEqual(unmatched, [
      { destinationId: 'off', reason: 'disabled' },
      { destinationId: 'topic', reason: 'topic' },
      { destinationId: 'filter', reason: 'filter' },
    ]);
  });

  it('considers only the destination that the event names, by the same conditions', () => {
    const entries = [entry('a'), entry('b', { topics: ['b'] })];
    assert.deepEqual(match(entries, { to: 'a' }), { matched: [{ lane: entries[0]?.lane, id: 'a' }], unmatched: [] });
    assert.deepEqual(match(entries, { to: 'b' }), {
      matched: [],
      unmatched: [{ destinationId: 'b', reason: 'topic' }],
    });
    assert.deepEqual(match(entries, { to: 'c' }), { matched: [], unmatched: [] });
  });

  it('keeps so many reasons and no more', () => {
    const { unmatched } = match(
      Array.from({ length: UNMATCHED_MAX + 5 }, (_, n) => entry(`d${n}`, { disabledAtMs: 1 })),
    );
    assert.equal(unmatched.length, UNMATCHED_MAX);
    assert.equal(unmatched[0]?.destinationId, 'd0');
  });

  it('parses the event at most once, and only for a filter that decides', () => {
    let parsed = 0;
    const root = (): FilterRoot => {
      parsed += 1;
      return { data: { n: 1 } };
    };
    match(
      [entry('a'), entry('off', { disabledAtMs: 1, filter: NEVER }), entry('b', { topics: ['b'], filter: NEVER })],
      { root },
    );
    assert.equal(parsed, 0);
    const { matched } = match(
      [entry('a', { filter: '{"data":{"n":1}}' }), entry('b', { filter: '{"data":{"n":2}}' })],
      { root },
    );
    assert.equal(parsed, 1);
    assert.deepEqual(
      matched.map(({ id }) => id),
      ['a'],
    );
  });
});
