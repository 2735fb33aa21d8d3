/**
 * User and password inside a webhook's URL: sent as `Authorization: Basic`, kept out of the request line, and masked
 * wherever the URL is shown (field case 39). The URL is cut as text and never rebuilt by a parser, so that what is sent
 * and shown stays what the tenant wrote (field case 9).
 */

/** What stands for the hidden part. Fixed, so that it tells nothing of the length. */
export const URL_MASK = '****';

/** Scheme and slashes, then all up to the last `@` of the authority. A backslash ends it as a slash does. */
const USERINFO = /^([A-Za-z]+:[/\\]{2,})([^/?#\\]*)@/;

interface Userinfo {
  readonly scheme: string;
  readonly user: string;
  /** Null without a colon. */
  readonly password: string | null;
  /** Host, port, path and the rest. */
  readonly rest: string;
}

/** The URL without user and password, and the header value that carries them, or null. */
export function splitUserinfo(url: string): { readonly url: string; readonly authorization: string | null } {
  const parts = parse(url);
  if (parts === null) return { url, authorization: null };
  const pair = `${decode(parts.user)}:${decode(parts.password ?? '')}`;
  return { url: parts.scheme + parts.rest, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** Hides the password; where there is none the user, since keys are put there too. */
export function maskUserinfo(url: string): string {
  const parts = parse(url);
  if (parts === null || (parts.user === '' && (parts.password ?? '') === '')) return url;
  return withUserinfo(parts, masked(parts));
}

/**
 * Puts the stored secret back into a URL that came back masked and changed elsewhere, such as in its path.
 * @returns the URL to store; null if it is masked and goes to another host or user, which must not get the old secret
 */
export function unmaskUserinfo(url: string, stored: string): string | null {
  const before = parse(stored);
  const now = parse(url);
  if (before === null || now === null) return url;
  const isMasked = now.password === null || now.password === '' ? now.user === URL_MASK : now.password === URL_MASK;
  if (!isMasked) return url;
  const isSameHost = now.scheme === before.scheme && host(now) === host(before);
  if (!isSameHost || userinfo(now) !== masked(before)) return null;
  return withUserinfo(now, userinfo(before));
}

function parse(url: string): Userinfo | null {
  const match = USERINFO.exec(url);
  if (match === null) return null;
  const [all, scheme = '', pair = ''] = match;
  const colon = pair.indexOf(':');
  const [user, password] = colon === -1 ? [pair, null] : [pair.slice(0, colon), pair.slice(colon + 1)];
  return { scheme, user, password, rest: url.slice(all.length) };
}

function userinfo({ user, password }: Userinfo): string {
  return password === null ? user : `${user}:${password}`;
}

function masked({ user, password }: Userinfo): string {
  if (password === null) return URL_MASK;
  return password === '' ? `${URL_MASK}:` : `${user}:${URL_MASK}`;
}

function withUserinfo(parts: Userinfo, pair: string): string {
  return `${parts.scheme}${pair}@${parts.rest}`;
}

function host({ rest }: Userinfo): string {
  return rest.split(/[/?#\\]/, 1)[0] ?? '';
}

/** Percent-decodes; what is not valid percent-encoding is taken as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
