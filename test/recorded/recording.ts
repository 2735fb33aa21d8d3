/** The recorded exchanges, and what is known to differ on purpose. */
import { readFileSync } from 'node:fs';
import { type Exact, ExactNumber, parseExact } from './exact-value.ts';

const FIXTURES = new URL('../fixtures/vectors/', import.meta.url);

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Exact;
  readonly body_text?: string;
  readonly body_base64?: string;
  readonly body_repeat?: {
    readonly prefix: string;
    readonly char: string;
    readonly count: number;
    readonly suffix: string;
  };
  readonly chunked?: boolean;
}

export interface Exchange {
  readonly id: string;
  readonly profile: string;
  readonly group: string;
  readonly note?: string;
  readonly setup?: {
    readonly mint?: {
      readonly name: string;
      readonly alg: string;
      readonly secret: string;
      readonly claims: Readonly<Record<string, unknown>>;
    };
    readonly requests?: readonly RecordedRequest[];
    readonly wait?: string;
    readonly wait_ms?: number;
  };
  readonly teardown?: { readonly requests?: readonly RecordedRequest[] };
  readonly request: RecordedRequest;
  readonly save?: Readonly<Record<string, string>>;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Exact;
    /** The authority where JSON doesn't keep the bytes. */
    readonly body_text?: string;
  };
  readonly unordered?: readonly string[];
  readonly varies?: string;
}

export interface Deviation {
  readonly ids: readonly string[];
  readonly reason: string;
  /** Without it the recorded answer is waived. */
  readonly expect?: { readonly status: number | readonly number[]; readonly body?: Exact };
}

/** Bodies keep the spelling of their numbers; everything else has plain ones. */
export function readExchanges(file = 'recorded-v1.json'): readonly Exchange[] {
  const text = readFileSync(new URL(file, FIXTURES), 'utf8');
  const plain = JSON.parse(text) as readonly Exchange[];
  const exact = parseExact(text) as unknown as readonly Exchange[];
  return plain.map((exchange, index) => {
    const { request, response } = exact[index] as Exchange;
    return {
      ...exchange,
      request: { ...exchange.request, ...(request.body === undefined ? {} : { body: request.body }) },
      response: { ...exchange.response, body: response.body },
    };
  });
}

export function readDeviations(): ReadonlyMap<string, Deviation> {
  const text = readFileSync(new URL('deviations.json', FIXTURES), 'utf8');
  const { deviations } = parseExact(text) as unknown as { readonly deviations: readonly Deviation[] };
  return new Map(deviations.flatMap((deviation) => deviation.ids.map((id) => [id, deviation] as const)));
}

export function statusesOf(expected: number | readonly number[] | Exact): readonly number[] {
  if (expected instanceof ExactNumber) return [Number(expected.source)];
  if (Array.isArray(expected)) return (expected as readonly Exact[]).flatMap(statusesOf);
  return [Number(expected)];
}
