/**
 * Makes batches of what many callers ask for at once: what arrives while a batch is under way is the next one.
 *
 * A lone item goes at once. Otherwise a batch starts at the earliest some milliseconds after the previous one started,
 * more of them the more items a batch had: waiting longer under load saves more than it costs, since everything that
 * follows an answer then happens together as well. All answers of a batch are given in one turn of the event loop.
 */

export interface BatcherOptions<Item, Answer> {
  /** Answers in the order of the items. A rejection fails every item of the batch, and no other. */
  send(items: readonly Item[]): Promise<readonly BatchAnswer<Answer>[]>;
  weigh(item: Item): BatchWeight;
  /** A batch holds no more than this, but always at least one item. */
  readonly batchMax: BatchWeight;
  /** Items that wait for a batch; beyond, `add` rejects with `overloaded()`. */
  readonly waitingMax: number;
  overloaded(): Error;
  /** Between the starts of two batches: the least at little load, the most under load. */
  readonly spacing: { readonly leastMs: number; readonly mostMs: number };
  monotonicMs(): number;
  /** Calls back once after the delay; returns what cancels it. */
  after(delayMs: number, fire: () => void): () => void;
}

export interface BatchWeight {
  readonly rows: number;
  readonly bytes: number;
}

export type BatchAnswer<Answer> =
  { readonly ok: true; readonly value: Answer } | { readonly ok: false; readonly error: Error };

export interface Batcher<Item, Answer> {
  add(item: Item): Promise<Answer>;
  /** Resolves when nothing waits and no batch is under way. */
  idle(): Promise<void>;
  /** Rejects what waits, what is under way and whatever is added later. */
  fail(error: Error): void;
}

/** One item more in a batch lets the next one wait this much longer, between the bounds of `spacing`. */
const SPACING_PER_ITEM_MS = 0.5;

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly weight: BatchWeight;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

export function batcher<Item, Answer>(options: BatcherOptions<Item, Answer>): Batcher<Item, Answer> {
  let waiting: Waiting<Item, Answer>[] = [];
  let underWay: readonly Waiting<Item, Answer>[] | null = null;
  let failure: Error | null = null;
  let isScheduled = false;
  let cancelTimer = (): void => {};
  let startedMs = Number.NEGATIVE_INFINITY;
  let lastSize = 0;
  let idleWaiters: (() => void)[] = [];

  function schedule(): void {
    if (isScheduled || underWay !== null || waiting.length === 0) return;
    isScheduled = true;
    const spacingMs = spacingAfter(lastSize, options.spacing);
    // Rounded up: a timer that is cut to whole milliseconds would fire early, and the bound on batches a second with it.
    const delayMs = Math.ceil(startedMs + spacingMs - options.monotonicMs());
    // A microtask and not at once, so that what one turn adds goes together.
    if (delayMs <= 0) queueMicrotask(start);
    else cancelTimer = options.after(delayMs, start);
  }

  function start(): void {
    isScheduled = false;
    if (failure !== null || waiting.length === 0) return;
    const size = fittingSize(waiting, options.batchMax);
    const batch = waiting.slice(0, size);
    waiting = waiting.slice(size);
    underWay = batch;
    lastSize = size;
    startedMs = options.monotonicMs();
    let sent: Promise<readonly BatchAnswer<Answer>[]>;
    try {
      sent = options.send(batch.map((entry) => entry.item));
    } catch (error) {
      sent = Promise.reject(error as Error);
    }
    sent.then(
      (answers) => finish(batch, (index) => answers[index] ?? { ok: false, error: missingAnswer() }),
      (error: Error) => finish(batch, () => ({ ok: false, error })),
    );
  }

  function finish(batch: readonly Waiting<Item, Answer>[], answerOf: (index: number) => BatchAnswer<Answer>): void {
    // After `fail` everybody has been answered, and a batch that ends late changes nothing.
    if (failure !== null) return;
    underWay = null;
    batch.forEach((entry, index) => {
      const answer = answerOf(index);
      if (answer.ok) entry.resolve(answer.value);
      else entry.reject(answer.error);
    });
    schedule();
    settleIdle();
  }

  function settleIdle(): void {
    if (failure === null && (underWay !== null || waiting.length > 0)) return;
    const waiters = idleWaiters;
    idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  return {
    add(item) {
      if (failure !== null) return Promise.reject(failure);
      if (waiting.length >= options.waitingMax) return Promise.reject(options.overloaded());
      return new Promise<Answer>((resolve, reject) => {
        waiting.push({ item, weight: options.weigh(item), resolve, reject });
        schedule();
      });
    },
    idle() {
      return new Promise<void>((resolve) => {
        idleWaiters.push(resolve);
        settleIdle();
      });
    },
    fail(error) {
      if (failure !== null) return;
      failure = error;
      cancelTimer();
      const rejected = [...(underWay ?? []), ...waiting];
      underWay = null;
      waiting = [];
      for (const entry of rejected) entry.reject(error);
      settleIdle();
    },
  };
}

function spacingAfter(size: number, spacing: { readonly leastMs: number; readonly mostMs: number }): number {
  return Math.min(spacing.mostMs, Math.max(spacing.leastMs, 1 + size * SPACING_PER_ITEM_MS));
}

/** How many of the first items fit into one batch. */
function fittingSize(waiting: readonly { readonly weight: BatchWeight }[], max: BatchWeight): number {
  let rows = 0;
  let bytes = 0;
  let size = 0;
  for (const { weight } of waiting) {
    rows += weight.rows;
    bytes += weight.bytes;
    if (size > 0 && (rows > max.rows || bytes > max.bytes)) break;
    size++;
  }
  return size;
}

function missingAnswer(): Error {
  return new Error('a batch was answered with fewer answers than it had items');
}
