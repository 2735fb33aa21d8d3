import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { supervisor } from './supervisor.ts';

/** A clock that is moved by hand, and a service `part` whose crashes the test decides. */
function world(options: { random?: number; onStop?: () => Promise<void>; onStart?: (n: number) => void } = {}) {
  const timers = new Set<{ dueMs: number; fire: () => void }>();
  let nowMs = 0;
  const crash: ((error: unknown) => void)[] = [];
  const log: string[] = [];
  const pauses: number[] = [];
  const supervised = supervisor(
    [
      {
        name: 'part',
        make(onCrash) {
          const n = crash.push(onCrash);
          return {
            name: 'part',
            start() {
              log.push(`start ${n}`);
              options.onStart?.(n);
            },
            async stop() {
              log.push(`stop ${n}`);
              await options.onStop?.();
            },
          };
        },
      },
    ],
    {
      clock: {
        after(delayMs, fire) {
          const timer = { dueMs: nowMs + delayMs, fire };
          timers.add(timer);
          return () => timers.delete(timer);
        },
      },
      random: () => options.random ?? 0,
      onCrash: ({ restartMs }) => pauses.push(restartMs),
    },
  );
  function pass(ms: number): void {
    nowMs += ms;
    for (const timer of timers) {
      if (timer.dueMs > nowMs) continue;
      timers.delete(timer);
      timer.fire();
    }
  }
  return { supervised, crash, log, pauses, pass, timers };
}

describe('supervisor', () => {
  it('starts a service and stops it, and restarts nothing after that', async () => {
    const { supervised, log, crash, timers } = world();
    supervised.start();
    await supervised.stop();
    crash[0]!(new Error('late'));
    await supervised.stop();
    assert.deepEqual(log.slice(0, 2), ['start 1', 'stop 1']);
    assert.ok(!log.includes('start 2'));
    assert.equal(timers.size, 0);
  });

  it('stops what crashed and makes it anew after the pause', () => {
    const { supervised, log, crash, pass } = world();
    supervised.start();
    crash[0]!(new Error('x'));
    pass(499);
    assert.deepEqual(log, ['start 1', 'stop 1']);
    pass(1);
    assert.deepEqual(log, ['start 1', 'stop 1', 'start 2']);
  });

  it('doubles the pause with each crash, up to 30 s', () => {
    const { supervised, crash, pauses, pass } = world();
    supervised.start();
    for (let n = 0; n < 9; n++) {
      crash[n]!(new Error('x'));
      pass(30_000);
    }
    assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('adds up to a quarter by chance', () => {
    const { supervised, crash, pauses } = world({ random: 0.999_999 });
    supervised.start();
    crash[0]!(new Error('x'));
    assert.deepEqual(pauses, [625]);
  });

  it('reports a crashed service as failed until it has run for a minute, and is patient again then', () => {
    const { supervised, crash, pauses, pass } = world();
    supervised.start();
    assert.deepEqual(supervised.health(), { part: true });
    crash[0]!(new Error('x'));
    assert.deepEqual(supervised.health(), { part: false });
    pass(500);
    assert.deepEqual(supervised.health(), { part: false });
    pass(60_000);
    assert.deepEqual(supervised.health(), { part: true });
    crash[1]!(new Error('x'));
    assert.deepEqual(pauses, [500, 500]);
  });

  it('takes a start that throws for a crash', () => {
    const { supervised, log, pass } = world({
      onStart: (n) => {
        if (n === 1) throw new Error('x');
      },
    });
    supervised.start();
    assert.deepEqual(supervised.health(), { part: false });
    pass(500);
    assert.deepEqual(log, ['start 1', 'stop 1', 'start 2']);
  });

  it('counts a second report of one crash as none', () => {
    const { supervised, crash, pauses } = world();
    supervised.start();
    crash[0]!(new Error('x'));
    crash[0]!(new Error('x'));
    assert.equal(pauses.length, 1);
  });

  it('waits with its own stop for what crashed and is still ending', async () => {
    const gate = Promise.withResolvers<void>();
    const { supervised, crash } = world({ onStop: () => gate.promise });
    supervised.start();
    crash[0]!(new Error('x'));
    let isStopped = false;
    const stopping = supervised.stop().then(() => (isStopped = true));
    for (let n = 0; n < 10; n++) await Promise.resolve();
    assert.equal(isStopped, false);
    gate.resolve();
    await stopping;
  });
});
