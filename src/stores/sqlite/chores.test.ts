import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkpointChore } from './checkpoint-chore.ts';
import { historyIndexChore } from './history-index-chore.ts';

/** One timer at most, moved by hand. */
class OneTimer {
  nowMs = 0;
  #timer: { atMs: number; fire: () => void } | null = null;

  readonly monotonicMs = (): number => this.nowMs;
  readonly after = (delayMs: number, fire: () => void): (() => void) => {
    assert.equal(this.#timer, null, 'one timer at a time');
    const timer = { atMs: this.nowMs + delayMs, fire };
    this.#timer = timer;
    return () => {
      if (this.#timer === timer) this.#timer = null;
    };
  };

  get dueMs(): number | null {
    return this.#timer?.atMs ?? null;
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    const timer = this.#timer;
    if (timer !== null && timer.atMs <= this.nowMs) {
      this.#timer = null;
      timer.fire();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the checkpoint chore', () => {
  function world(frames = 100) {
    const timer = new OneTimer();
    const done: string[] = [];
    const errors: unknown[] = [];
    const chore = checkpointChore({
      after: timer.after,
      monotonicMs: timer.monotonicMs,
      checkpoint: async () => {
        done.push('passive');
        if (frames < 0) throw new Error('no log');
        return { frames, left: 0 };
      },
      finish: async () => {
        done.push('writer');
        return { frames, left: 0 };
      },
      onError: (error) => errors.push(error),
    });
    const commit = (count: number): void => {
      for (let n = 0; n < count; n++) chore.committed();
    };
    return { timer, done, errors, chore, commit };
  }

  it('has no timer before the first commit and after the last checkpoint', async () => {
    const { timer, commit } = world();
    assert.equal(timer.dueMs, null);
    commit(1);
    await timer.pass(1_000);
    assert.equal(timer.dueMs, null);
  });

  it('runs every twenty commits, at least fifty milliseconds apart', async () => {
    const { timer, done, commit } = world();
    commit(20);
    await timer.pass(0);
    assert.deepEqual(done, ['passive']);
    commit(20);
    await timer.pass(49);
    assert.deepEqual(done, ['passive']);
    await timer.pass(1);
    assert.deepEqual(done, ['passive', 'passive']);
  });

  it('runs for fewer commits once they have been quiet for a second', async () => {
    const { timer, done, commit } = world();
    commit(3);
    await timer.pass(999);
    assert.deepEqual(done, []);
    await timer.pass(1);
    assert.deepEqual(done, ['passive']);
  });

  it('has the writer move the last piece of a log that has grown', async () => {
    const { timer, done, commit } = world(1_001);
    commit(20);
    await timer.pass(0);
    assert.deepEqual(done, ['passive', 'writer']);
  });

  it('tells of an error and goes on', async () => {
    const { timer, done, errors, commit } = world(-1);
    commit(20);
    await timer.pass(0);
    assert.equal(errors.length, 1);
    commit(20);
    await timer.pass(50);
    assert.deepEqual(done, ['passive', 'passive']);
  });

  it('does nothing more once stopped', async () => {
    const { timer, done, chore, commit } = world();
    commit(20);
    await chore.stop();
    commit(20);
    await timer.pass(5_000);
    assert.deepEqual(done, []);
  });
});

describe('the chore of History’s indexes', () => {
  function world(turns: (boolean | Error)[]) {
    const timer = new OneTimer();
    const at: number[] = [];
    const errors: unknown[] = [];
    const chore = historyIndexChore({
      after: timer.after,
      turn: async () => {
        at.push(timer.nowMs);
        const result = turns.shift() ?? false;
        if (result instanceof Error) throw result;
        return result;
      },
      onError: (error) => errors.push(error),
    });
    return { timer, at, errors, chore };
  }

  it('begins two hundred milliseconds after a commit, one index a turn, and ends when none lacks rows', async () => {
    const { timer, at, chore } = world([true, true, false]);
    chore.committed();
    chore.committed();
    for (let n = 0; n < 100; n++) await timer.pass(10);
    assert.deepEqual(at, [200, 240, 280]);
    assert.equal(timer.dueMs, null);
  });

  it('looks again after a commit that came during its last turn', async () => {
    const { timer, at, chore } = world([]);
    chore.committed();
    const passing = timer.pass(200);
    chore.committed();
    await passing;
    await timer.pass(200);
    assert.deepEqual(at, [200, 400]);
    assert.equal(timer.dueMs, null);
  });

  it('tells of an error, and tries again later', async () => {
    const { timer, at, errors, chore } = world([new Error('full'), false]);
    chore.committed();
    await timer.pass(200);
    assert.equal(errors.length, 1);
    await timer.pass(5_000);
    assert.deepEqual(at, [200, 5_200]);
  });

  it('does nothing more once stopped, not even after a turn that was under way', async () => {
    const { timer, at, chore } = world([true, true]);
    chore.committed();
    const passing = timer.pass(200);
    await chore.stop();
    await passing;
    chore.committed();
    assert.equal(timer.dueMs, null);
    assert.deepEqual(at, [200]);
  });
});
