/**
 * The token of a Hookdeck source: standard base64 of `<source id>:<anything>`, split at the first colon (spec
 * destinations.md §8.3). The whole text is the key of the signature, so it is kept as it came.
 */

/** Standard base64 with its padding; `Buffer.from` takes nearly everything. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** What is put into a path: nothing that would have to be encoded, and no dot segment. */
const SOURCE_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** The id of the source, or null if the text is no token. */
export function sourceIdOf(token: string): string | null {
  if (!BASE64.test(token)) return null;
  const text = Buffer.from(token, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const id = text.slice(0, Math.max(0, colon));
  return SOURCE_ID.test(id) ? id : null;
}
