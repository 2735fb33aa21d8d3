/**
 * Instants as RFC 3339 text, by the rules of Go's strict parser (spec api-v1.md §13.3): upper-case `T` and `Z`, any
 * length of fraction of which nine digits count, no leap second, no 24:00, offsets below 24 hours, a real calendar.
 * `Date` takes `2026-02-30` and lower case, so it only formats. Years are 0000 to 9999, also once the offset is applied.
 */
import type { EventTime } from './event.ts';

const FORM = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;
const DATE_FORM = /^\d{4}-\d\d-\d\d$/;
const DAY_MS = 86_400_000;
/** 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z: what four digits of a year can write. */
const EARLIEST_MS = -62_167_219_200_000;
const LATEST_MS = 253_402_300_799_999;
/** Longer text is no time that anybody meant; it bounds what the expression looks at. */
const TEXT_MAX = 200;

/** Null for whatever is not RFC 3339. */
export function parseInstant(text: string): EventTime | null {
  if (text.length > TEXT_MAX) return null;
  const parts = FORM.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = parts;
  const days = dayNumber(Number(year), Number(month), Number(day));
  if (days === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000 * (sign === '-' ? -1 : 1);
  const secondsMs = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000;
  const fractionNanos = Number(fraction.slice(0, 9).padEnd(9, '0'));
  const ms = days * DAY_MS + secondsMs + Math.floor(fractionNanos / 1e6) - offsetMs;
  if (ms < EARLIEST_MS || ms > LATEST_MS) return null;
  return { ms, nanos: fractionNanos % 1e6 };
}

/** RFC 3339 or a bare date, which means its midnight in UTC (spec api-v1.md §4.2). */
export function parseTimeBound(text: string): EventTime | null {
  return parseInstant(DATE_FORM.test(text) ? `${text}T00:00:00Z` : text);
}

/** RFC 3339 in UTC with up to nine digits of fraction, trailing zeros dropped, no fraction at all when it is zero. */
export function formatInstant(time: EventTime): string {
  // Always 24 characters within the years of this file.
  const text = new Date(time.ms).toISOString();
  const fraction = `${text.slice(20, 23)}${String(time.nanos).padStart(6, '0')}`.replace(/0+$/, '');
  return fraction === '' ? `${text.slice(0, 19)}Z` : `${text.slice(0, 19)}.${fraction}Z`;
}

/** As `formatInstant`, of a time that has milliseconds only. */
export function formatMs(ms: number): string {
  return formatInstant({ ms, nanos: 0 });
}

/** Negative, zero or positive, as for sorting. */
export function compareInstants(one: EventTime, other: EventTime): number {
  return one.ms - other.ms || one.nanos - other.nanos;
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar, or null if the calendar has no such day. */
function dayNumber(year: number, month: number, day: number): number | null {
  const date = new Date(0);
  // Date.UTC would take the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  // A day that its month does not have falls into another one.
  if (date.getUTCMonth() !== month - 1) return null;
  return date.getTime() / DAY_MS;
}
