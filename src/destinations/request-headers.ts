/**
 * The headers of a delivery by HTTP, put together so that no name is sent twice (field case 43): later ones replace
 * earlier ones. What can't be written as a header is left out of the request: failing would fail every attempt of a
 * delivery for ever.
 */
import { type HeaderName, headerName, isHeaderValue, isReserved } from './header-names.ts';

/** By name in lower case. */
export type Headers = Map<string, readonly [name: string, value: string]>;

/** Sets a header of our own, whoever set it before. */
export function setOwn(headers: Headers, name: HeaderName, value: string): void {
  // Without it rather than with somebody else's.
  if (isHeaderValue(value)) headers.set(name.lower, [name.spelled, value]);
  else headers.delete(name.lower);
}

/** Sets a header that a setting or metadata asks for. What is no header, or not theirs to set, is left out. */
export function setOther(headers: Headers, text: string, value: string): void {
  const name = headerName(text);
  if (name !== null && !isReserved(name.lower) && isHeaderValue(value)) headers.set(name.lower, [name.spelled, value]);
}

/** UTC in whole seconds, as the event's `timestamp` is sent to every type of destination (spec destinations.md §1.4). */
export function wholeSeconds(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
}
