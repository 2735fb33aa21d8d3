/** How undici dials: past the address guard, over HTTP/1.1, to every address of a name in turn. */
import { isIP, type LookupFunction, Socket } from 'node:net';
import { buildConnector } from 'undici';
import { type AddressGuard, BlockedAddressError } from './address-guard.ts';
import { guardedLookup } from './guarded-lookup.ts';

export interface GuardedConnector {
  readonly connect: buildConnector.connector;
  /** Ends the dials that are under way; undici's own end doesn't reach them. */
  close(): void;
}

export function guardedConnector(options: {
  readonly guard: AddressGuard;
  readonly connectTimeoutMs: number;
  readonly lookup?: LookupFunction;
}): GuardedConnector {
  const { guard, connectTimeoutMs } = options;
  const dialling = new Set<Socket>();
  const dial = buildConnector({
    lookup: guardedLookup(guard, options.lookup),
    timeout: connectTimeoutMs,
    // Node's 250 ms give up on receivers that are merely far away; a third of the time leaves room for two more.
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.min(2_000, Math.max(10, Math.floor(connectTimeoutMs / 3))),
    allowH2: false,
  });
  return {
    connect(target, done) {
      const { hostname } = target;
      const verdict = isIP(hostname) === 0 ? 'allowed' : guard.check(hostname);
      if (verdict !== 'allowed') {
        queueMicrotask(() => done(new BlockedAddressError(verdict.blocked), null));
        return;
      }
      const started: unknown = dial({ ...target, ...serverName(target) }, (...result) => {
        if (started instanceof Socket) dialling.delete(started);
        done(...result);
      });
      if (started instanceof Socket) dialling.add(started);
      return started;
    },
    close() {
      for (const socket of dialling) socket.destroy();
      dialling.clear();
    },
  };
}

/** The name in the handshake: none for literal addresses, and never with the root's dot (RFC 6066 §3). */
function serverName(target: buildConnector.Options): { servername?: string } {
  if (target.protocol !== 'https:' || isIP(target.hostname) !== 0) return {};
  return { servername: target.hostname.replace(/\.$/, '') };
}
