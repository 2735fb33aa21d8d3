/** JSON whose numbers keep their spelling, so that `1.0`, `1e3` and 20 digits can be told apart and sent as recorded. */
export type Exact = null | boolean | string | ExactNumber | readonly Exact[] | { readonly [key: string]: Exact };

export class ExactNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

export function parseExact(text: string): Exact {
  const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
  return parse(text, (_key, value, { source }) =>
    typeof value === 'number' ? new ExactNumber(source ?? '') : value,
  ) as Exact;
}

/** Compact, members in their order. */
export function writeExact(value: Exact): string {
  if (value instanceof ExactNumber) return value.source;
  if (Array.isArray(value)) return `[${value.map(writeExact).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}:${writeExact(item as Exact)}`)
    .join(',')}}`;
}
