import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BatchAnswer, type Batcher, type BatcherOptions, batcher } from './batcher.ts';

interface Sent {
  readonly items: readonly string[];
  readonly atMs: number;
  answer(): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** A batcher of texts over a clock that only the test moves; a text's weight is its length in rows and bytes. */
function world(options: Partial<BatcherOptions<string, string>> = {}) {
  let nowMs = 1_000;
  let timer: { atMs: number; fire: () => void } | null = null;
  const sent: Sent[] = [];
  const texts: Batcher<string, string> = batcher({
    send(items) {
      const { promise, resolve, reject } = Promise.withResolvers<readonly BatchAnswer<string>[]>();
      sent.push({
        items,
        atMs: nowMs,
        answer: () => {
          resolve(items.map((value) => ({ ok: true, value: `${value}!` })));
          return turn();
        },
        fail: (error) => {
          reject(error);
          return turn();
        },
      });
      return promise;
    },
    weigh: (text) => ({ rows: text.length, bytes: text.length }),
    batchMax: { rows: 1_000, bytes: 1_000 },
    waitingMax: 1_000,
    overloaded: () => new Error('too many wait'),
    spacing: { leastMs: 2, mostMs: 5 },
    monotonicMs: () => nowMs,
    after(delayMs, fire) {
      assert.equal(timer, null, 'one timer at a time');
      timer = { atMs: nowMs + delayMs, fire };
      return () => (timer = null);
    },
    ...options,
  });
  return {
    texts,
    sent,
    addAll: (items: readonly string[]) => Promise.allSettled(items.map((item) => texts.add(item))),
    /** Moves the clock, firing the timer at its time. */
    async pass(ms: number): Promise<void> {
      nowMs += ms;
      const due = timer;
      if (due === null || due.atMs > nowMs) return turn();
      timer = null;
      due.fire();
      return turn();
    },
  };
}

/** Everything that promises alone bring about has happened afterwards. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('a batcher', () => {
  it('sends a lone item at once', async () => {
    const { texts, sent } = world();
    const answer = texts.add('a');
    await turn();
    assert.deepEqual(
      sent.map(({ items }) => items),
      [['a']],
    );
    await sent[0]!.answer();
    assert.equal(await answer, 'a!');
  });

  it('sends together what one turn adds, and what arrives while a batch is under way', async () => {
    const { addAll, sent, pass } = world();
    void addAll(['a', 'b']);
    await turn();
    void addAll(['c']);
    void addAll(['d']);
    await pass(100);
    assert.equal(sent.length, 1, 'one batch at a time');
    await sent[0]!.answer();
    await turn();
    assert.deepEqual(
      sent.map(({ items }) => items),
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    );
  });

  it('starts a batch at the earliest two milliseconds after the one before started', async () => {
    const { texts, sent, pass } = world();
    void texts.add('a');
    await turn();
    await sent[0]!.answer();
    void texts.add('b');
    await pass(1);
    assert.equal(sent.length, 1);
    await pass(1);
    assert.deepEqual(
      sent.map(({ atMs }) => atMs),
      [1_000, 1_002],
    );
  });

  it('waits up to five milliseconds after a batch of many', async () => {
    const { addAll, sent, pass } = world();
    void addAll(Array.from({ length: 100 }, () => 'x'));
    await turn();
    await sent[0]!.answer();
    void addAll(['b']);
    await pass(4);
    assert.equal(sent.length, 1);
    await pass(1);
    assert.equal(sent.length, 2);
  });

  it('keeps a batch within its bounds, in order, and sends alone what is larger than they are', async () => {
    const { addAll, sent, pass } = world({ batchMax: { rows: 4, bytes: 100 } });
    void addAll(['aa', 'bb', 'c', 'dddddd', 'e']);
    for (let n = 0; n < 4; n++) {
      await pass(10);
      await sent[n]?.answer();
    }
    assert.deepEqual(
      sent.map(({ items }) => items),
      [['aa', 'bb'], ['c'], ['dddddd'], ['e']],
    );
  });

  it('rejects what is more than may wait, and takes new items once there is room', async () => {
    const { texts, addAll, sent, pass } = world({ waitingMax: 2 });
    void texts.add('a');
    await turn();
    void addAll(['b', 'c']);
    await assert.rejects(texts.add('d'), /too many wait/);
    await sent[0]!.answer();
    await pass(10);
    void texts.add('e');
    await sent[1]!.answer();
    await pass(10);
    assert.deepEqual(
      sent.map(({ items }) => items),
      [['a'], ['b', 'c'], ['e']],
    );
  });

  it('fails every item of a batch that fails, and no other', async () => {
    const { texts, addAll, sent, pass } = world();
    const failing = addAll(['a', 'b']);
    await turn();
    const fine = texts.add('c');
    await sent[0]!.fail(new Error('the disk'));
    await pass(10);
    await sent[1]!.answer();
    assert.deepEqual(
      (await failing).map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(await fine, 'c!');
  });

  it('answers an item with its own error', async () => {
    const { texts } = world({
      send: async (items) =>
        items.map((value) => (value === 'bad' ? { ok: false, error: new Error('bad') } : { ok: true, value })),
    });
    const [good, bad] = await Promise.allSettled([texts.add('good'), texts.add('bad')]);
    assert.deepEqual([good.status, bad.status], ['fulfilled', 'rejected']);
  });

  it('rejects rather than leaves hanging an item that was not answered', async () => {
    const { texts } = world({ send: async () => [] });
    await assert.rejects(texts.add('a'), /fewer answers/);
  });

  it('rejects what waits, what is under way and what comes later, once it has failed', async () => {
    const { texts, addAll, sent } = world();
    const underWay = addAll(['a']);
    await turn();
    const waiting = addAll(['b']);
    texts.fail(new Error('the thread died'));
    await assert.rejects(texts.add('c'), /the thread died/);
    for (const [result] of [await underWay, await waiting]) assert.equal(result?.status, 'rejected');
    await sent[0]!.answer();
    await texts.idle();
  });

  it('is idle only when everything has been answered', async () => {
    const { texts, addAll, sent, pass } = world();
    let isIdle = false;
    void addAll(['a']);
    await turn();
    void addAll(['b']);
    const idle = texts.idle().then(() => (isIdle = true));
    await sent[0]!.answer();
    await pass(10);
    assert.equal(isIdle, false);
    await sent[1]!.answer();
    await idle;
    await texts.idle();
  });
});
