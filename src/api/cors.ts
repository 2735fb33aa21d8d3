/**
 * Which pages may call from a browser (`API_CORS_ORIGINS`): those of the listed origins, and only the routes that a
 * tenant's token opens. A page has no business with the operator's key, so that its routes don't exist for pages.
 *
 * What no listed origin asks is answered as if there were no such thing, a preflight too.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isReserved } from './generation.ts';
import { PREFIX } from './prefix.ts';
import type { AnyRoute } from './route.ts';

/** What browsers keep a preflight's answer for at the most. A withdrawn origin is shut out at once all the same. */
const PREFLIGHT_MAX_AGE_SECONDS = 7_200;
const ALLOWED_HEADERS = 'authorization, content-type';
/** What a page may read beside the headers that it always may: when to try again. */
const EXPOSED_HEADERS = 'retry-after';

export interface CorsRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export type CorsHeaders = Readonly<Record<string, string>>;

export interface Cors {
  /** What every answer to this request carries; nothing where its page may not call. */
  headersOf(request: CorsRequest): CorsHeaders;
  /** The head of the answer to a preflight, or null if this is none, or none to be answered. */
  preflight(request: CorsRequest): CorsHeaders | null;
}

interface OpenRoute {
  readonly method: string;
  /** Null where any segment may stand. */
  readonly segments: readonly (string | null)[];
}

/** @param origins exactly as browsers send them */
export function cors(routes: readonly AnyRoute[], origins: readonly string[]): Cors {
  const listed: ReadonlySet<string> = new Set(origins);
  const open = routes.filter(({ access }) => access === 'any' || access === 'tenant').map(openRoute);
  const isListed = (origin: string | undefined): origin is string => origin !== undefined && listed.has(origin);

  return {
    headersOf({ method, url = '', headers: { origin } }) {
      if (!isListed(origin) || !methodsAt(open, url).includes(method ?? '')) return {};
      return { ...allowed(origin), 'access-control-expose-headers': EXPOSED_HEADERS };
    },
    preflight({ method, url = '', headers }) {
      const { origin } = headers;
      if (method !== 'OPTIONS' || !isListed(origin)) return null;
      const methods = methodsAt(open, url);
      if (!methods.includes(headers['access-control-request-method'] ?? '')) return null;
      return {
        ...allowed(origin),
        'access-control-allow-methods': methods.join(', '),
        'access-control-allow-headers': ALLOWED_HEADERS,
        'access-control-max-age': String(PREFLIGHT_MAX_AGE_SECONDS),
      };
    },
  };
}

/** The origin itself and not `*`, so that caches must not give one page's answer to another. */
const allowed = (origin: string): CorsHeaders => ({ 'access-control-allow-origin': origin, vary: 'Origin' });

function openRoute({ method, path }: AnyRoute): OpenRoute {
  const segments = path === '/' ? [] : path.slice(1).split('/');
  return { method, segments: segments.map((segment) => (segment.startsWith('{') ? null : segment)) };
}

/** Not asked of the router: to it a preflight is a method that no path has. */
function methodsAt(open: readonly OpenRoute[], url: string): readonly string[] {
  const segments = segmentsOf(url);
  return segments === null ? [] : open.filter((one) => fits(one, segments)).map(({ method }) => method);
}

function fits({ segments: wanted }: OpenRoute, segments: readonly string[]): boolean {
  if (wanted.length !== segments.length) return false;
  // The paths of 0.x begin with any tenant's id, but for the names that v1's begin with.
  if (wanted[0] === null && isReserved(segments[0] ?? '')) return false;
  return segments.every((segment, index) => wanted[index] === segment || (wanted[index] === null && segment !== ''));
}

/** Decoded, below the prefix; null outside of it, and where the path is none. */
function segmentsOf(url: string): readonly string[] | null {
  const [path = ''] = url.split('?', 1);
  if (path === PREFIX) return [];
  if (!path.startsWith(`${PREFIX}/`)) return null;
  try {
    return path
      .slice(PREFIX.length + 1)
      .split('/')
      .map(decodeURIComponent);
  } catch {
    return null;
  }
}
