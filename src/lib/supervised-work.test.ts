import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { supervisedWork } from './supervised-work.ts';

/** Work whose every run ends when the test says so, and timers that fire when it says so. */
function world() {
  const runs: { done: () => void; fail: (error: Error) => void }[] = [];
  const timers: { delayMs: number; fire: () => void }[] = [];
  const crashes: unknown[] = [];
  const work = supervisedWork({
    name: 'work',
    work: () => new Promise<void>((done, fail) => void runs.push({ done, fail })),
    after(delayMs, fire) {
      const timer = { delayMs, fire };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
    random: () => 0.5,
    pause: { leastMs: 100, mostMs: 350 },
    onCrash: (error) => void crashes.push(error),
  });
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });
  return { runs, timers, crashes, work, turn };
}

describe('supervised work', () => {
  it('does nothing until it is started and asked for, and then once', async () => {
    const { runs, work, turn } = world();
    work.wake();
    await turn();
    assert.equal(runs.length, 0);
    work.start();
    await turn();
    assert.equal(runs.length, 1);
    runs[0]!.done();
    await turn();
    assert.equal(runs.length, 1);
  });

  it('never runs twice at a time, and once more for all that was asked meanwhile', async () => {
    const { runs, work, turn } = world();
    work.start();
    work.wake();
    await turn();
    work.wake();
    work.wake();
    await turn();
    assert.equal(runs.length, 1);
    runs[0]!.done();
    await turn();
    assert.equal(runs.length, 2);
  });

  it('tells a failure, pauses longer each time up to the limit, and works again after a success', async () => {
    const { runs, timers, crashes, work, turn } = world();
    work.start();
    work.wake();
    for (const expectedMs of [75, 150, 263, 263]) {
      await turn();
      runs.at(-1)!.fail(new Error('no'));
      await turn();
      assert.equal(work.isWorking, false);
      work.wake();
      const timer = timers.pop()!;
      assert.equal(timer.delayMs, expectedMs);
      timer.fire();
    }
    assert.equal(crashes.length, 4);
    await turn();
    runs.at(-1)!.done();
    await turn();
    assert.ok(work.isWorking);
  });

  it('stops once the run under way has ended, and runs no more', async () => {
    const { runs, work, turn } = world();
    work.start();
    work.wake();
    await turn();
    let isStopped = false;
    const stopping = work.stop().then(() => (isStopped = true));
    work.wake();
    await turn();
    assert.equal(isStopped, false);
    runs[0]!.done();
    await stopping;
    await work.stop();
    assert.equal(runs.length, 1);
  });

  it('leaves no timer behind when it stops in a pause', async () => {
    const { runs, timers, work, turn } = world();
    work.start();
    work.wake();
    await turn();
    runs[0]!.fail(new Error('no'));
    await turn();
    assert.equal(timers.length, 1);
    await work.stop();
    assert.equal(timers.length, 0);
  });
});
