import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Destination } from '../domain/destination.ts';
import { laneNumber } from '../domain/ids.ts';
import type { Sender } from '../ports/provider.ts';
import { openLanes } from './open-lanes.ts';

const LANE = laneNumber(1);
const destination = (version: number): Destination => ({ version }) as Destination;

/** A directory whose answers come when the test says so, and senders that remember being closed. */
function world() {
  const waiting: ((answer: Destination | null) => void)[] = [];
  const closed: number[] = [];
  const lanes = openLanes({
    directory: { findLane: () => new Promise((resolve) => void waiting.push(resolve)) },
    openSender: ({ version }): Sender => ({
      send: async () => assert.fail('nothing is sent here'),
      close: async () => void closed.push(version),
    }),
    onCloseError: (error) => assert.fail(String(error)),
  });
  return { waiting, closed, lanes };
}

describe('open lanes', () => {
  it('opens one sender for attempts that begin at the same time, and shows it to the next at once', async () => {
    const { waiting, lanes } = world();
    const both = [lanes.load(LANE), lanes.load(LANE)];
    assert.equal(lanes.peek(LANE), undefined);
    waiting[0]!(destination(1));
    const [first, second] = await Promise.all(both);
    assert.equal(first, second);
    assert.equal(lanes.peek(LANE), first);
    assert.equal(waiting.length, 1);
  });

  it('loads again, and keeps nothing of the old, when the destination changed while it was being read', async () => {
    const { waiting, lanes } = world();
    const loading = lanes.load(LANE);
    lanes.forget(LANE);
    waiting[0]!(destination(1));
    while (waiting.length < 2) await new Promise(setImmediate);
    assert.equal(lanes.peek(LANE), undefined);
    waiting[1]!(destination(2));
    assert.equal((await loading)?.destination.version, 2);
    assert.equal(lanes.peek(LANE)?.destination.version, 2);
  });

  it('closes the sender of a destination that changed, and all of them in the end', async () => {
    const { waiting, closed, lanes } = world();
    const first = lanes.load(LANE);
    waiting[0]!(destination(1));
    await first;
    lanes.forget(LANE);
    const second = lanes.load(LANE);
    waiting[1]!(destination(2));
    await second;
    await lanes.close();
    assert.deepEqual(closed, [1, 2]);
  });

  it('answers null once the destination is deleted', async () => {
    const { waiting, lanes } = world();
    const gone = lanes.load(LANE);
    waiting[0]!(null);
    assert.equal(await gone, null);
    assert.equal(lanes.peek(LANE), undefined);
  });
});
