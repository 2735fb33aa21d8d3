/** The `custom_headers` setting: JSON text of an object of strings (spec destinations.md §8.1). */
import type { Problem } from '../../ports/provider.ts';
import { isHeaderValue, isReserved } from '../header-names.ts';

const FIELD = 'config.custom_headers';
/** Narrower than a token, as the original's. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]*$/;
/** All of them together as text; receivers commonly refuse more than 8 to 32 KiB of headers. */
const CUSTOM_HEADERS_MAX_BYTES = 16_384;

/** Name and value pairs; null if the text isn't an object of strings. Empty text is none. */
export function parseCustomHeaders(text: string): readonly (readonly [name: string, value: string])[] | null {
  if (text === '') return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return null;
  const pairs: (readonly [string, string])[] = [];
  for (const [name, value] of Object.entries(parsed)) {
    if (typeof value !== 'string') return null;
    pairs.push([name, value]);
  }
  return pairs;
}

/** Every problem of the setting. Two names that differ in case only are one header twice (field case 43). */
export function checkCustomHeaders(text: string): readonly Problem[] {
  if (Buffer.byteLength(text) > CUSTOM_HEADERS_MAX_BYTES) return [{ field: FIELD, rule: 'maxlength' }];
  const pairs = parseCustomHeaders(text);
  if (pairs === null) return [{ field: FIELD, rule: 'invalid' }];
  const seen = new Set<string>();
  return pairs.flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    const rule = brokenRule(name, value) ?? (seen.has(lower) ? 'duplicate' : null);
    seen.add(lower);
    return rule === null ? [] : [{ field: `${FIELD}.${lower}`, rule }];
  });
}

function brokenRule(name: string, value: string): string | null {
  if (!NAME.test(name)) return 'pattern';
  if (isReserved(name.toLowerCase())) return 'forbidden';
  if (value === '') return 'required';
  return isHeaderValue(value) ? null : 'pattern';
}
