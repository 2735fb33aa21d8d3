/**
 * The two generations of the API live under one prefix. Which one a path belongs to can be told from its segments alone
 * (spec api-v0.md §9.2), so that errors before and below the router are rendered as those of its routes are.
 */
import { PREFIX } from './prefix.ts';

export type Generation = 'v1' | 'v0';

/** First segments that are never a tenant of 0.x: its own tenant-less routes, v1's, and names kept for later. */
const RESERVED: ReadonlySet<string> = new Set([
  'healthz',
  'livez',
  'readyz',
  'openapi.json',
  'tenants',
  'publish',
  'retry',
  'topics',
  'destination-types',
  'destinations',
  'events',
  'attempts',
  'metrics',
  'config',
  'token',
  'portal',
  'dev',
]);

/** Whether a tenant of this name can't be addressed by the paths of 0.x; exact, in this case only. */
export const isReserved = (segment: string): boolean => RESERVED.has(segment);

/** The generation that a URL's path belongs to, whether there is a route or not. v1 outside the prefix. */
export function generationOf(url: string): Generation {
  const queryStart = url.indexOf('?');
  const path = queryStart === -1 ? url : url.slice(0, queryStart);
  if (path === PREFIX) return 'v0';
  if (!path.startsWith(`${PREFIX}/`)) return 'v1';
  const segments = path.slice(PREFIX.length + 1).split('/');
  const first = decoded(segments[0] ?? '');
  if (first === 'destinations') return 'v0';
  if (first === 'events') return segments.length === 3 && segments[2] === 'deliveries' ? 'v0' : 'v1';
  return first === '' || isReserved(first) ? 'v1' : 'v0';
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
