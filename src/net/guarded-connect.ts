/**
 * The address guard for libraries that dial by themselves (broker clients): inside `run`, and in everything that is
 * started from there, every connect of every socket passes the guard, literal or resolved, plain or TLS.
 *
 * It wraps `net.Socket.prototype.connect`, once a process and for good: `lookup` isn't called for literal addresses,
 * and TLS sockets ignore a block list, so there is no smaller place. Outside of `run` the wrapper only passes on.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { isIP, type LookupFunction, Socket } from 'node:net';
import { type AddressGuard, BlockedAddressError } from './address-guard.ts';
import { guardedLookup } from './guarded-lookup.ts';

export interface GuardedConnect {
  /** Runs `work`; whatever it or its callbacks dial, now or later, is guarded. */
  run<Result>(work: () => Result): Result;
}

interface DialOptions {
  readonly host?: string | undefined;
  readonly path?: string | undefined;
  readonly lookup?: LookupFunction | undefined;
}

type Connect = (this: Socket, ...args: unknown[]) => Socket;

const guardOfContext = new AsyncLocalStorage<AddressGuard>();
let isInstalled = false;

export function guardedConnect(guard: AddressGuard): GuardedConnect {
  if (!isInstalled) install();
  isInstalled = true;
  return { run: (work) => guardOfContext.run(guard, work) };
}

function install(): void {
  const connect = Socket.prototype.connect as Connect;
  const wrapped: Connect = function connectGuarded(...args) {
    const guard = guardOfContext.getStore();
    if (guard === undefined) return connect.apply(this, args);
    const options = dialOptions(args);
    const refusal = refusalOf(guard, options);
    if (refusal !== null) {
      // As a failed connect does it: after the caller has had the socket back to listen on.
      process.nextTick(() => this.destroy(refusal));
      return this;
    }
    return connect.apply(this, withOptions(args, { ...options, lookup: guardedLookup(guard, options.lookup) }));
  };
  Socket.prototype.connect = wrapped as typeof Socket.prototype.connect;
}

function refusalOf(guard: AddressGuard, options: DialOptions): BlockedAddressError | null {
  if (typeof options.path === 'string') return new BlockedAddressError('a local socket');
  if (options.host === undefined || isIP(options.host) === 0) return null;
  const verdict = guard.check(options.host);
  return verdict === 'allowed' ? null : new BlockedAddressError(verdict.blocked);
}

/** Reads the forms of `connect`: `(options)`, `(port, host)`, `(path)`, and Node's own array of options and callback. */
function dialOptions(args: readonly unknown[]): DialOptions {
  const [first, second] = args;
  if (Array.isArray(first)) return (first[0] ?? {}) as DialOptions;
  if (typeof first === 'object' && first !== null) return first as DialOptions;
  if (typeof first === 'string' && !/^\d+$/.test(first)) return { path: first };
  return { port: Number(first), ...(typeof second === 'string' ? { host: second } : {}) } as DialOptions;
}

function withOptions(args: readonly unknown[], options: DialOptions): unknown[] {
  const [first] = args;
  if (Array.isArray(first)) {
    // Kept in place, because Node marks its own array with a symbol.
    first[0] = options;
    return [...args];
  }
  return [options, args.find((argument) => typeof argument === 'function')];
}
