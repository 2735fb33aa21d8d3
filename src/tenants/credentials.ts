/**
 * Credentials between clear and sealed. Each value is bound to its tenant, destination and key, so that one row's value
 * does not open in another's place. Here is where they are opened; nobody keeps them.
 */
import type { Destination, SealedMap } from '../domain/destination.ts';
import type { StringMap } from '../domain/json.ts';
import type { SecretBox } from '../lib/secret-box.ts';

type Owner = Pick<Destination, 'tenantId' | 'id'>;

export function sealCredentials(box: Pick<SecretBox, 'seal'>, owner: Owner, credentials: StringMap): SealedMap {
  return mapValues(credentials, (key, value) => box.seal(value, contextOf(owner, key)));
}

/** @throws SealError when the operator's secret is another, or a row was changed by hand */
export function openCredentials(
  box: Pick<SecretBox, 'open'>,
  destination: Owner & Pick<Destination, 'credentials'>,
): StringMap {
  return mapValues(destination.credentials, (key, value) => box.open(value, contextOf(destination, key)));
}

/** JSON keeps the parts apart, whatever they hold. */
function contextOf({ tenantId, id }: Owner, key: string): string {
  return JSON.stringify([tenantId, id, 'credentials', key]);
}

function mapValues(values: StringMap, change: (key: string, value: string) => string): StringMap {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(key, value)]));
}
