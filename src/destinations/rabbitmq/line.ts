/**
 * The open line of one destination: dialled by the first send, shared by all, dialled anew after it was lost, and given
 * up when nothing was sent for a while. An idle connection costs us and the broker, and is what firewalls forget (field
 * case 31).
 *
 * Every send ends within the time limit. If that ends it and the broker has said nothing since, the connection is cut
 * too: what would be written to it next would most likely be lost as well.
 */
import { type AttemptOutcome, failed } from '../../domain/attempt.ts';
import { type Amqplib, MissingAmqplibError } from './amqplib.ts';
import {
  type Broker,
  type BrokerMessage,
  type ConnectionDeps,
  type OpenConnection,
  openConnection,
} from './connection.ts';
import { type Failure, failureOf, refusal } from './failure.ts';

/** Shorter than what firewalls and balancers keep an idle connection for. */
const IDLE_MS = 30_000;

export interface LineDeps extends Omit<ConnectionDeps, 'amqplib'> {
  load(): Promise<Amqplib>;
}

export interface Line {
  send(message: BrokerMessage, signal: AbortSignal): Promise<AttemptOutcome>;
  /** Resolves when the connection is closed, which it is once nothing is under way. Sends after it still work. */
  close(): Promise<void>;
}

/** How far a send has come, for what its time limit says and does. */
interface Progress {
  /** Its outcome is known: nothing may be dialled or written for it any more. */
  isOver: boolean;
  failure: Failure;
  /** Ends a connection that has gone silent under the send. */
  cut(failure: Failure): void;
}

interface Published {
  readonly outcome: AttemptOutcome;
  readonly wasStale: boolean;
}

export function brokerLine(broker: Broker, deps: LineDeps): Line {
  const name = `${broker.host}:${broker.port}`;
  let connecting: Promise<OpenConnection> | null = null;
  let underWay = 0;
  let isClosed = false;
  let cancelIdle = (): void => {};
  let hangingUp: Promise<void> = Promise.resolve();
  const allSent = Promise.withResolvers<void>();

  async function connection(progress: Progress): Promise<OpenConnection> {
    const known = connecting;
    if (known !== null) {
      const open = await known;
      if (open.lost === null) return open;
      if (connecting === known) connecting = null;
      if (progress.isOver) return open;
    }
    connecting ??= dial();
    return connecting;
  }

  function dial(): Promise<OpenConnection> {
    const dialling = deps.load().then((amqplib) => openConnection(broker, { ...deps, amqplib }));
    dialling.catch(() => {
      if (connecting === dialling) connecting = null;
    });
    return dialling;
  }

  /** Once more on a new connection if the old one may have been dead all along: that costs no attempt. */
  async function publish(message: BrokerMessage, progress: Progress): Promise<AttemptOutcome> {
    const first = await publishOnce(message, progress);
    if (!first.wasStale || progress.isOver) return first.outcome;
    return (await publishOnce(message, progress)).outcome;
  }

  async function publishOnce(message: BrokerMessage, progress: Progress): Promise<Published> {
    let open: OpenConnection | null = null;
    try {
      open = await connection(progress);
      progress.failure = { code: 'timeout', text: `no confirmation from ${name} in time` };
      const { cut } = open;
      progress.cut = cut;
      const channel = await open.channel();
      if (progress.isOver) return { outcome: refusal(progress.failure), wasStale: false };
      const { heard } = channel;
      progress.cut = (failure) => {
        if (channel.heard === heard) cut(failure);
      };
      const outcome = await channel.publish(message);
      // It had worked before, and was lost without another word.
      return { outcome, wasStale: open.lost !== null && heard > 0 && channel.heard === heard };
    } catch (error) {
      if (error instanceof MissingAmqplibError) {
        return { outcome: failed('ERR', { error: error.message }), wasStale: false };
      }
      return { outcome: refusal(open?.lost ?? failureOf(error, name)), wasStale: false };
    }
  }

  function begin(): void {
    underWay += 1;
    cancelIdle();
  }

  function end(): void {
    underWay -= 1;
    if (underWay > 0) return;
    if (isClosed) {
      hangUp();
      allSent.resolve();
    } else if (connecting !== null) {
      cancelIdle = deps.clock.after(IDLE_MS, hangUp);
    }
  }

  function hangUp(): void {
    const last = connecting;
    connecting = null;
    if (last === null) return;
    const before = hangingUp;
    hangingUp = last
      .then((open) => open.close())
      .catch(() => {})
      .then(() => before);
  }

  return {
    async send(message, signal) {
      begin();
      const failure = { code: 'timeout', text: `no connection to ${name} in time` };
      const progress: Progress = { isOver: false, failure, cut() {} };
      const ended = Promise.withResolvers<AttemptOutcome>();
      const giveUp = (): void => ended.resolve(refusal(STOPPING));
      const cancel = deps.clock.after(deps.timeoutMs, () => {
        progress.cut(progress.failure);
        ended.resolve(refusal(progress.failure));
      });
      signal.addEventListener('abort', giveUp);
      try {
        if (signal.aborted) return refusal(STOPPING);
        publish(message, progress).then(ended.resolve, ended.reject);
        return await ended.promise;
      } finally {
        progress.isOver = true;
        cancel();
        signal.removeEventListener('abort', giveUp);
        end();
      }
    },
    async close() {
      isClosed = true;
      cancelIdle();
      if (underWay > 0) await allSent.promise;
      else hangUp();
      await hangingUp;
    },
  };
}

const STOPPING: Failure = {
  code: 'network_error',
  text: 'the attempt was given up because the server is stopping',
};
