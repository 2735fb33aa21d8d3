/**
 * Which headers a webhook request may carry, and how their names are written. Names are the same in any case, so the
 * spelling on the wire is the one that the original uses (`X-Outpost-Event-Id`): receivers that compare exactly keep
 * working.
 */

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Every control character but the tab, which a value may hold. */
const CONTROL = /[^\P{Cc}\t]/u;

/** Headers of the connection or of our own: nobody else sets them. */
const RESERVED: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'host',
  'connection',
  'user-agent',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'expect',
  'te',
  'trailer',
]);

export interface HeaderName {
  /** What it is known by. */
  readonly lower: string;
  /** As it is written: `x-team` as `X-Team`, `x-outpost-user_id` as `X-Outpost-User_id`. */
  readonly spelled: string;
}

/** Null for what is no token, such as a name with a blank. */
export function headerName(text: string): HeaderName | null {
  if (!TOKEN.test(text)) return null;
  const lower = text.toLowerCase();
  return { lower, spelled: lower.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase()) };
}

/** @param lower a name in lower case */
export function isReserved(lower: string): boolean {
  return RESERVED.has(lower);
}

export function isHeaderValue(value: string): boolean {
  return !CONTROL.test(value);
}
