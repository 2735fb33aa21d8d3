/**
 * A connection to a broker with one channel on it that all sends share. What ends a channel (an exchange that isn't
 * there) leaves the connection, and the next send opens another channel; what ends the connection ends both.
 *
 * Confirms come by channel, and a channel that is lost fails all that is unconfirmed on it and nothing else (field case
 * 29). Why it was lost may be told after that, so an outcome is made up a microtask later.
 */
import type { ChannelModel, ConfirmChannel, Message, Options } from 'amqplib';
import { type AttemptOutcome, delivered, failed } from '../../domain/attempt.ts';
import type { Clock } from '../../ports/clock.ts';
import { type Amqplib, lossOf } from './amqplib.ts';
import { type Failure, failureOf, refusal } from './failure.ts';

export interface Broker {
  readonly host: string;
  readonly port: number;
  readonly virtualHost: string;
  readonly isTls: boolean;
  readonly username: string;
  readonly password: string;
}

export interface BrokerMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly properties: Options.Publish & { readonly messageId: string };
}

export interface OpenConnection {
  /** The channel, opened anew if it was lost. */
  channel(): Promise<OpenChannel>;
  /** Cuts the connection; what is unconfirmed fails with this. */
  cut(failure: Failure): void;
  /** Says good-bye, waiting no longer than it makes sense to. */
  close(): Promise<void>;
  /** Why there is no connection any more; null while there is. */
  readonly lost: Failure | null;
}

export interface OpenChannel {
  /** Resolves once the broker has decided, or at once for a message that can't be encoded. */
  publish(message: BrokerMessage): Promise<AttemptOutcome>;
  /** How many confirmations have come. */
  readonly heard: number;
  readonly isLost: boolean;
}

export interface ConnectionDeps {
  readonly amqplib: Amqplib;
  /** Runs a dial past the address guard. */
  readonly dial: { run<Result>(work: () => Result): Result };
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, 'after'>;
}

/** Each side tells within this that it lives; a silent one is given up after two to three times as long. */
const HEARTBEAT_SECONDS = 10;
/** What the broker may send at once; amqplib's own limit is 64 MiB. */
const FRAME_MAX_BYTES = 1_048_576;
/** How long a good-bye may take. */
const CLOSE_MS = 1_000;

/** @throws what the dial failed with, for `failureOf` */
export async function openConnection(broker: Broker, deps: ConnectionDeps): Promise<OpenConnection> {
  const socket = new AbortController();
  const cancel = deps.clock.after(deps.timeoutMs, () => socket.abort());
  try {
    const model = await deps.dial.run(() =>
      deps.amqplib.connect(...dialOptions(broker, deps.timeoutMs, socket.signal)),
    );
    return connectionOver(model, broker, { clock: deps.clock, destroy: () => socket.abort() });
  } finally {
    cancel();
  }
}

function dialOptions(broker: Broker, timeoutMs: number, signal: AbortSignal) {
  const url = {
    protocol: broker.isTls ? 'amqps' : 'amqp',
    hostname: broker.host,
    port: broker.port,
    username: broker.username,
    password: broker.password,
    // amqplib decodes it.
    vhost: encodeURIComponent(broker.virtualHost),
    heartbeat: HEARTBEAT_SECONDS,
    maxFrameSize: FRAME_MAX_BYTES,
  };
  const socket = {
    noDelay: true,
    signal,
    // Node's 250 ms give up on brokers that are merely far away (field case 17).
    autoSelectFamilyAttemptTimeout: Math.min(2_000, Math.max(10, Math.floor(timeoutMs / 3))),
    clientProperties: { connection_name: 'outpost' },
  };
  return [url, socket] as const;
}

function connectionOver(
  model: ChannelModel,
  broker: Broker,
  { clock, destroy }: { readonly clock: Pick<Clock, 'after'>; readonly destroy: () => void },
): OpenConnection {
  const name = `${broker.host}:${broker.port}`;
  let cutBy: Failure | null = null;
  let channel: Promise<OpenChannel> | null = null;
  // Errors of the connection are kept by what amqplib.ts adds to it; an emitter of errors needs a listener all the same.
  model.on('error', () => {});
  const lost = (): Failure | null => {
    const loss = lossOf(model.connection);
    return cutBy ?? (loss === undefined ? null : failureOf(loss, name));
  };

  function open(): Promise<OpenChannel> {
    const opening = model.createConfirmChannel().then((confirming) => channelOver(confirming, name, lost));
    opening.catch(() => {
      if (channel === opening) channel = null;
    });
    return opening;
  }
  return {
    async channel() {
      const known = channel;
      if (known !== null) {
        const opened = await known;
        if (!opened.isLost) return opened;
        if (channel === known) channel = null;
      }
      channel ??= open();
      return channel;
    },
    cut(failure) {
      cutBy ??= failure;
      destroy();
    },
    async close() {
      const waited = Promise.withResolvers<void>();
      const cancel = clock.after(CLOSE_MS, waited.resolve);
      // It may be closed already, which is as good.
      await Promise.race([model.close().catch(() => {}), waited.promise]);
      cancel();
      destroy();
    },
    get lost() {
      return lost();
    },
  };
}

/** As the original calls an event that can't be formatted. */
const NO_MESSAGE = failed('ERR', { error: 'the metadata of the event does not fit into the headers of a message' });

function channelOver(channel: ConfirmChannel, broker: string, connectionLost: () => Failure | null): OpenChannel {
  let lost: Failure | null = null;
  let isLost = false;
  let heard = 0;
  /** What the broker has given back of what is unconfirmed, by message id. */
  const unconfirmed = new Map<string, { returned: Failure | null }[]>();
  channel.on('error', (error) => {
    lost ??= failureOf(error, broker);
  });
  channel.on('close', () => {
    isLost = true;
  });
  channel.on('return', (message: Message) => {
    const waiting = unconfirmed.get(String(message.properties.messageId)) ?? [];
    const entry = waiting.find(({ returned }) => returned === null);
    if (entry !== undefined)
      entry.returned = { code: 'unroutable', text: 'no queue takes messages with this routing key' };
  });

  function decide(error: unknown, returned: Failure | null): AttemptOutcome {
    if (error === null) return returned === null ? delivered('OK') : refusal(returned);
    const closed = connectionLost() ?? lost;
    if (closed !== null) return refusal(closed);
    if (isLost) return refusal({ code: 'channel_error', text: 'the channel was closed' });
    return refusal({ code: 'nacked', text: 'the broker could not take the message' });
  }

  return {
    publish({ exchange, routingKey, body, properties }) {
      const { promise, resolve } = Promise.withResolvers<AttemptOutcome>();
      const entry = { returned: null };
      const id = properties.messageId;
      const content = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
      try {
        channel.publish(exchange, routingKey, content, properties, (error: unknown) => {
          if (error === null) heard += 1;
          const rest = (unconfirmed.get(id) ?? []).filter((other) => other !== entry);
          if (rest.length === 0) unconfirmed.delete(id);
          else unconfirmed.set(id, rest);
          queueMicrotask(() => resolve(decide(error, entry.returned)));
        });
      } catch (error) {
        // Nothing was written: the event has headers that are too long, or the channel is being closed.
        if (error instanceof RangeError || error instanceof TypeError) return Promise.resolve(NO_MESSAGE);
        return Promise.resolve(decide(error, null));
      }
      unconfirmed.set(id, [...(unconfirmed.get(id) ?? []), entry]);
      return promise;
    },
    get heard() {
      return heard;
    },
    get isLost() {
      return isLost;
    },
  };
}
