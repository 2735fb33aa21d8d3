/**
 * The contract of a destination type: a provider, and the sender that it opens for one destination.
 *
 * Providers don't catch, log, time, count or retry: delivery/attempt.ts around them does all of that for every type.
 */
import type { AttemptOutcome } from '../domain/attempt.ts';
import type { EventPayload } from '../domain/event.ts';
import type { StringMap } from '../domain/json.ts';
import type { HttpClient } from './http-client.ts';

/** One setting of a type, declared once: validation, masking, forms and `GET /destination-types` read it. */
export interface Field {
  readonly key: string;
  readonly type: 'text' | 'checkbox' | 'key_value_map' | 'select';
  readonly label: string;
  readonly description: string;
  readonly required: boolean;
  /** Source of a regular expression, as shown to clients. */
  readonly pattern?: string;
  readonly default?: string;
  readonly options?: readonly { readonly label: string; readonly value: string }[];
  /** Masked in every reply, unless the provider masks by itself. */
  readonly sensitive?: true;
}

/** What a provider works with: two flat maps in clear. Never logged, never part of an error. */
export interface OpenSettings {
  readonly config: StringMap;
  readonly credentials: StringMap;
  readonly deliveryMetadata: StringMap | null;
}

/** Who asks for a change: some settings are the operator's alone. */
export type Role = 'admin' | 'tenant';

/** A rule that a setting broke: `config.url` · `pattern`. */
export interface Problem {
  readonly field: string;
  readonly rule: string;
}

export type Prepared =
  | { readonly ok: true; readonly settings: OpenSettings }
  | { readonly ok: false; readonly problems: readonly Problem[] }
  /**
   * Of a type that authorises by OAuth: nothing is changed before somebody has been at this URL. Only of a change of what
   * exists; on create it is a bug.
   */
  | { readonly ok: 'redirect'; readonly redirectUrl: string };

export interface PrepareRequest {
  /** The settings to become, defaults not yet filled in. */
  readonly settings: OpenSettings;
  /** Those of now; null on create. */
  readonly current: OpenSettings | null;
  /** The `credentials` of the request as they came, commands such as `rotate_secret` included. */
  readonly requested: StringMap | null;
  readonly role: Role;
  readonly nowMs: number;
  /** Random bytes, for secrets. */
  randomBytes(size: number): Uint8Array;
  /** For a type that asks its service whether a credential is good. */
  readonly http: HttpClient;
}

export interface Provider {
  /** The API's `type`, such as `webhook`. */
  readonly type: string;
  readonly label: string;
  readonly description: string;
  /** Markdown. */
  readonly instructions: string;
  /** Inline SVG, our own drawing. */
  readonly icon: string;
  readonly fields: { readonly config: readonly Field[]; readonly credentials: readonly Field[] };
  /** A page of the service that leads to the credentials. */
  readonly setupLink?: { readonly href: string; readonly cta: string };
  /** Checks what a pattern can't say and fills in what is generated. Called on every create and change. */
  prepare(request: PrepareRequest): Prepared | Promise<Prepared>;
  /** What a reply shows of the settings; without it, sensitive fields are masked. */
  mask?(settings: OpenSettings, nowMs: number): OpenSettings;
  /** A short text for people: where it goes. */
  target(config: StringMap, credentials: StringMap, topics: readonly string[]): string;
  /** Where people find the target in the service's own pages; null if that can't be told. */
  targetUrl?(config: StringMap, credentials: StringMap): string | null;
  /** `settings` have passed `prepare` once, perhaps long ago. */
  open(settings: OpenSettings, deps: SenderDeps): Sender;
}

export interface SenderDeps {
  readonly http: HttpClient;
  now(): number;
}

/** An open line to one destination; must allow concurrent sends. */
export interface Sender {
  /** Makes one attempt. Resolves for every answer and every network failure; rejects only for a bug. */
  send(event: EventPayload, signal: AbortSignal): Promise<AttemptOutcome>;
  close(): Promise<void>;
}
