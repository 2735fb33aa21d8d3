/**
 * The kinds of values that settings have. Each reads the text of an environment variable strictly (`1e3`, `0x10`, `yes`
 * are not guessed at) and says in words what it accepts, which is what a person with a wrong one has to know.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { type Secret, secret } from '../lib/secret.ts';

export interface Kind<Value> {
  readonly schema: z.ZodType<Value, string>;
  /** The end of a sentence that begins with "accepted:". */
  readonly accepts: string;
}

export function integer(limits: { min: number; max: number; what?: string }): Kind<number> {
  const { min, max, what = 'a whole number' } = limits;
  return {
    schema: z
      .string()
      .trim()
      .regex(/^\d{1,15}$/)
      .transform(Number)
      .pipe(z.number().min(min).max(max)),
    accepts: `${what} from ${min} to ${max}`,
  };
}

/** Seconds outside, milliseconds inside. */
export function seconds(limits: { min: number; max: number }): Kind<number> {
  const whole = integer({ ...limits, what: 'a whole number of seconds' });
  return { schema: whole.schema.transform((value) => value * 1_000), accepts: whole.accepts };
}

export function secondsList(limits: { min: number; max: number; entriesMax: number }): Kind<readonly number[]> {
  const entry = seconds(limits);
  return {
    schema: entriesOf(z.array(entry.schema).min(1).max(limits.entriesMax)),
    accepts: `up to ${limits.entriesMax} whole numbers of seconds from ${limits.min} to ${limits.max}, separated by commas`,
  };
}

export function flag(): Kind<boolean> {
  return {
    schema: z
      .string()
      .trim()
      .pipe(z.stringbool({ truthy: ['true', '1', 't'], falsy: ['false', '0', 'f'] })),
    accepts: 'true or false',
  };
}

export function oneOf<const Name extends string>(...names: readonly Name[]): Kind<Name> {
  const spellings = new Map<string, Name>(names.map((name) => [name.toLowerCase(), name]));
  return {
    schema: z
      .string()
      .trim()
      .transform((text, context) => {
        const name = spellings.get(text.toLowerCase());
        if (name !== undefined) return name;
        context.addIssue({ code: 'custom', message: 'unknown name' });
        return z.NEVER;
      }),
    accepts: `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`,
  };
}

export function text(rule: { matches: RegExp; accepts: string }): Kind<string> {
  return { schema: z.string().regex(rule.matches), accepts: rule.accepts };
}

/** An address that paths are put behind; without its slashes at the end. */
export function baseUrl(): Kind<string> {
  return {
    schema: z
      .string()
      .trim()
      .regex(/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#@]*)?$/)
      .refine((url) => URL.canParse(url))
      .transform((url) => url.replace(/\/+$/, '')),
    accepts: 'an http or https URL without user, query and fragment',
  };
}

/** Taken as it is, blanks included: who generated it may mean them. */
export function secretText(accepts: string): Kind<Secret> {
  return { schema: z.string().min(1).transform(secret), accepts };
}

/** Entries are trimmed, empty ones dropped, repetitions too. */
export function list(rule: {
  each: (entry: string) => boolean;
  entriesMax: number;
  accepts: string;
}): Kind<readonly string[]> {
  return {
    schema: entriesOf(
      z
        .array(z.string().refine(rule.each))
        .max(rule.entriesMax)
        .transform((entries) => [...new Set(entries)]),
    ),
    accepts: rule.accepts,
  };
}

/** As browsers send them, since they are compared as text: so no upper case, no port that goes without saying. */
export function origins(): Kind<readonly string[]> {
  return list({
    each: (entry) => /^https?:/.test(entry) && URL.canParse(entry) && new URL(entry).origin === entry,
    entriesMax: 100,
    accepts:
      'origins as browsers send them, such as https://app.example.com or http://localhost:8080, separated by commas: in lower case, without path and without the port that the scheme has anyway',
  });
}

/** Networks such as `10.0.0.0/8`, or single addresses. */
export function networks(): Kind<readonly string[]> {
  return list({
    each: isNetwork,
    entriesMax: 1_000,
    accepts: 'networks such as 10.0.0.0/8 or fd00:1::/32, or single addresses, separated by commas',
  });
}

function isNetwork(entry: string): boolean {
  const [address = '', prefix, ...more] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

function entriesOf<Value>(entries: z.ZodType<Value, string[]>): z.ZodType<Value, string> {
  return z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== ''),
    )
    .pipe(entries);
}
