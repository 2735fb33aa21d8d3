/**
 * Reads `Retry-After` (RFC 9110 §10.2.3): digits, or one of the three HTTP-date forms of §5.6.7. Anything else counts
 * as absent. `Date.parse` is of no use here: it takes `-3` for a month of 2001 and `120junk` for the year 120.
 */
import { DELAY_MAX_MS } from '../domain/retry-schedule.ts';

const SECONDS = /^[0-9]+$/;
const TIME = '(?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2})';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const DATES = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>[0-9]{2}) ${MONTH} (?<year>[0-9]{4}) ${TIME} GMT$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>[0-9]{2})-${MONTH}-(?<year>[0-9]{2}) ${TIME} GMT$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} (?<day>[0-9]{2}| [0-9]) ${TIME} (?<year>[0-9]{4})$`),
];

/**
 * How long the destination asks to be left alone, in milliseconds, at most `DELAY_MAX_MS`; 0 for a time that is past,
 * null where the header is absent, repeated or not one of the four forms.
 */
export function retryAfterMs(header: string | readonly string[] | undefined, nowMs: number): number | null {
  const only = typeof header === 'object' && header.length === 1 ? header[0] : header;
  if (typeof only !== 'string') return null;
  const text = only.replace(/^[ \t]+|[ \t]+$/g, '');
  if (SECONDS.test(text)) return Math.min(Number(text) * 1_000, DELAY_MAX_MS);
  const atMs = httpDateMs(text, nowMs);
  return atMs === null ? null : Math.min(Math.max(0, atMs - nowMs), DELAY_MAX_MS);
}

function httpDateMs(text: string, nowMs: number): number | null {
  for (const form of DATES) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const [day, hour, minute, second] = [parts['day'], parts['hour'], parts['minute'], parts['second']].map(Number);
    const month = MONTHS.indexOf(parts['month'] ?? '');
    const year = fullYear(parts['year'] ?? '', nowMs);
    if (hour! > 23 || minute! > 59 || second! > 60) return null;
    const midnight = new Date(0).setUTCFullYear(year, month, day);
    // A day that the month doesn't have would run over into the next one.
    if (new Date(midnight).getUTCDate() !== day) return null;
    return midnight + ((hour! * 60 + minute!) * 60 + second!) * 1_000;
  }
  return null;
}

/** Two digits that would be more than 50 years ahead mean the last year in the past that ends in them (RFC 9110 §5.6.7). */
function fullYear(digits: string, nowMs: number): number {
  if (digits.length === 4) return Number(digits);
  const now = new Date(nowMs).getUTCFullYear();
  const year = now - (now % 100) + Number(digits);
  return year > now + 50 ? year - 100 : year;
}
