/** Name resolution that refuses a name as soon as one of its addresses is blocked, whichever would be dialled. */
import { lookup as dnsLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type AddressGuard, BlockedAddressError } from './address-guard.ts';

/** @param lookup what resolves; the system's own by default */
export function guardedLookup(guard: AddressGuard, lookup: LookupFunction = dnsLookup): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, '');
      // A custom `lookup` may answer one address although all were asked for.
      const addresses = typeof found === 'string' ? [{ address: found, family: found.includes(':') ? 6 : 4 }] : found;
      for (const { address } of addresses) {
        const verdict = guard.check(address);
        if (verdict !== 'allowed') return done(new BlockedAddressError(verdict.blocked), '');
      }
      const [first] = addresses;
      if (first === undefined) return done(noAddress(hostname), '');
      if (options.all === true) return done(null, addresses);
      done(null, first.address, first.family);
    });
  };
}

function noAddress(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });
}
