/**
 * Brings in amqplib, which is an optional peer: loaded when the first destination needs it.
 *
 * One thing is added to it. A connection of amqplib reads on before its caller has had it to listen on, and an `error`
 * that nobody listens to ends the process: a broker that closes the connection in the very packet that opens it could do
 * that to us. So every connection gets a listener before its first byte. The class is not among amqplib's exports, so it
 * is loaded by its file; without it there is no RabbitMQ here rather than one that can be brought down.
 */
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as AmqplibModule from 'amqplib';

export type Amqplib = Pick<typeof AmqplibModule, 'connect'>;

/** What to tell whoever runs the server. */
export class MissingAmqplibError extends Error {
  constructor(cause: unknown) {
    super('RabbitMQ needs the package amqplib, which is not installed: npm install amqplib@^2.3', { cause });
    this.name = 'MissingAmqplibError';
  }
}

interface ConnectionClass {
  readonly prototype: EventEmitter & { open(...args: readonly unknown[]): void };
}

let loaded: Promise<Amqplib> | null = null;
/** What ended a connection, by the connection. */
const losses = new WeakMap<object, unknown>();

/** @throws MissingAmqplibError, again on every call until it is installed and the process started anew */
export function loadAmqplib(): Promise<Amqplib> {
  loaded ??= load();
  return loaded;
}

/** What ended a connection, whenever that was; undefined while it lives. */
export function lossOf(connection: object): unknown {
  return losses.get(connection);
}

async function load(): Promise<Amqplib> {
  try {
    const amqplib = await import('amqplib');
    listenFromTheStart();
    return amqplib;
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^(?:ERR_)?MODULE_NOT_FOUND$/.test(String(error.code))) {
      throw new MissingAmqplibError(error);
    }
    throw error;
  }
}

function listenFromTheStart(): void {
  const require = createRequire(import.meta.url);
  const file = join(dirname(require.resolve('amqplib')), 'lib', 'connection.js');
  const { prototype } = (require(file) as { readonly Connection: ConnectionClass }).Connection;
  const { open } = prototype;
  prototype.open = function openWithListener(...args) {
    const keep = (error: unknown): void => {
      if (!losses.has(this)) losses.set(this, error ?? new Error('Unexpected close'));
    };
    this.on('error', keep);
    // A close that the broker announces is no `error` to amqplib if it was the operator's.
    this.on('close', keep);
    open.apply(this, [...args]);
  };
}
