/** A path that is right but for a slash at its end is answered with a redirect, as the original does (spec §1.3). */
import { isReserved } from './generation.ts';
import { PREFIX } from './prefix.ts';
import { type AnyRoute } from './route.ts';

export interface Redirect {
  readonly status: 301 | 307;
  readonly location: string;
}

/** Answers where to go, always a path of ours, or null where nothing is there either. */
export function redirectOf(routes: readonly AnyRoute[], method: string, url: string): Redirect | null {
  const queryStart = url.indexOf('?');
  const path = queryStart === -1 ? url : url.slice(0, queryStart);
  if (!path.endsWith('/')) return null;
  const bare = path.slice(0, -1);
  if (!routes.some((declared) => declared.method === method && isServedBy(declared, bare))) return null;
  // Other methods are to be repeated with their body.
  return { status: method === 'GET' ? 301 : 307, location: bare + (queryStart === -1 ? '' : url.slice(queryStart)) };
}

function isServedBy({ path }: AnyRoute, bare: string): boolean {
  if (path.startsWith('/{') && isReserved(bare.slice(PREFIX.length + 1).split('/', 1)[0] ?? '')) return false;
  return patternOf(path).test(bare);
}

/** Compiled anew each time: it is only asked for what is unknown. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${PREFIX}${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}
