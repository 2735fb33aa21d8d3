/**
 * Splits a tenant's URL into what is dialled and what stands in the request line.
 *
 * Host and port are the WHATWG parser's, so that what the guard judges is what is dialled. Path and query are the
 * tenant's own characters: signed URLs break when a sender decodes, encodes, resolves or drops anything in them. Only
 * what can't stand in a request line (blanks, controls, non-ASCII) is percent-encoded. Fragment and userinfo stay out.
 */
import { LRUCache } from 'lru-cache';

export interface RequestTarget {
  /** Scheme, host and port as normalised; without userinfo. */
  readonly origin: string;
  /** As normalised; IPv6 in brackets. */
  readonly hostname: string;
  /** Path and query, as they go into the request line. */
  readonly path: string;
}

/** How many URLs, and how many of their characters, stay parsed. */
const CACHED_URLS_MAX = 4_096;
const CACHED_CHARACTERS_MAX = 2_000_000;

/** Parses URLs and remembers them: parsing costs a third of a request. Null for what isn't an HTTP URL. */
export function requestTargets(): (url: string) => RequestTarget | null {
  const cache = new LRUCache<string, RequestTarget>({
    max: CACHED_URLS_MAX,
    maxSize: CACHED_CHARACTERS_MAX,
    sizeCalculation: (_target, url) => url.length + 1,
  });
  return (url) => {
    const known = cache.get(url);
    if (known !== undefined) return known;
    const target = requestTarget(url);
    if (target !== null) cache.set(url, target);
    return target;
  };
}

export function requestTarget(text: string): RequestTarget | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  return { origin: url.origin, hostname: url.hostname, path: rawPath(text) };
}

function rawPath(text: string): string {
  const path = text
    // The parser's own first steps: surrounding blanks and controls, tabs and line ends anywhere.
    .replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$/g, '')
    .replace(/[\t\n\r]/g, '')
    // Scheme, any number of slashes either way, and the authority up to what ends it.
    .replace(/^[a-z]+:[/\\]*[^/\\?#]*/i, '')
    .replace(/#.*$/s, '');
  return (path.startsWith('/') ? path : `/${path.replace(/^\\/, '')}`).replace(/[^\u0021-\u007e]+/gu, percentEncode);
}

function percentEncode(text: string): string {
  return Array.from(Buffer.from(text, 'utf8'), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(
    '',
  );
}
