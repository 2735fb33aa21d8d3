/**
 * Destinations as the client shows and takes them: unions by `type`.
 *
 * Types and members that this version of the client doesn't know are passed through as they came, so a switch over `type`
 * needs a default. What a type's fields can't say is written here; all else is generated from the server.
 */
import {
  CLIENT_NAMES,
  type CreateMembers,
  type DestinationMembers,
  type HookdeckCredentials,
  type HookdeckCredentialsInput,
  type OAuthRedirect,
  type RabbitmqConfig,
  type RabbitmqConfigInput,
  type RabbitmqCredentials,
  type RabbitmqCredentialsInput,
  TIMES,
  type UpdateMembers,
  type WebhookConfig,
  type WebhookConfigInput,
} from './generated.ts';

type Empty = Readonly<Record<string, never>>;

/** Shown in clear. */
export interface WebhookCredentials {
  readonly secret?: string;
  readonly previous_secret?: string;
  /** A time as text. */
  readonly previous_secret_invalid_at?: string;
}
/** With a tenant's token no secret may be given; it can be rotated. */
export interface WebhookCredentialsInput {
  readonly secret?: string;
  readonly previous_secret?: string;
  readonly previous_secret_invalid_at?: string | Date;
}
/** Hookdeck's answer to the check of the token. */
export interface HookdeckConfig {
  readonly source_name?: string;
  readonly source_id?: string;
}

interface DestinationOf<Type extends string, Config, Credentials> extends DestinationMembers {
  readonly type: Type;
  readonly config: Config;
  /** Masked where sensitive; a mask can't be given back. */
  readonly credentials: Credentials;
}
export type WebhookDestination = DestinationOf<'webhook', WebhookConfig, WebhookCredentials>;
export type HookdeckDestination = DestinationOf<'hookdeck', HookdeckConfig, HookdeckCredentials>;
export type RabbitmqDestination = DestinationOf<'rabbitmq', RabbitmqConfig, RabbitmqCredentials>;
export type Destination = WebhookDestination | HookdeckDestination | RabbitmqDestination;
export type DestinationType = Destination['type'];

export interface WebhookCreate extends CreateMembers {
  /** `webhooks` is another spelling, answered as `webhook`. */
  readonly type: 'webhook' | 'webhooks';
  readonly config: WebhookConfigInput;
  readonly credentials?: WebhookCredentialsInput;
}
export interface HookdeckCreate extends CreateMembers {
  readonly type: 'hookdeck';
  readonly config?: Empty;
  readonly credentials: HookdeckCredentialsInput;
}
export interface RabbitmqCreate extends CreateMembers {
  readonly type: 'rabbitmq';
  readonly config: RabbitmqConfigInput;
  readonly credentials: RabbitmqCredentialsInput;
}
export type DestinationCreate = WebhookCreate | HookdeckCreate | RabbitmqCreate;

/** What is left out stays; null empties a setting that isn't required. */
type Changes<Settings> = { readonly [Key in keyof Settings]?: Settings[Key] | null };

interface UpdateOf<Config, Credentials> extends UpdateMembers {
  readonly config?: Changes<Config>;
  readonly credentials?: Changes<Credentials>;
}
export type WebhookUpdate = UpdateOf<
  WebhookConfigInput,
  WebhookCredentialsInput & {
    /** The secret becomes the previous one, which is valid for another day, and a new one is made. */
    readonly rotate_secret?: boolean;
  }
>;
export type HookdeckUpdate = UpdateOf<Empty, HookdeckCredentialsInput>;
export type RabbitmqUpdate = UpdateOf<RabbitmqConfigInput, RabbitmqCredentialsInput>;
/** The type itself can't be changed. */
export type DestinationUpdate = WebhookUpdate | HookdeckUpdate | RabbitmqUpdate;

/** Told apart by `'redirectUrl' in answer`. */
export type UpdateDestinationResponse = Destination | OAuthRedirect;

export interface SuccessResponse {
  readonly success: boolean;
}

const WIRE_NAMES = new Map(Object.entries(CLIENT_NAMES).map(([wire, client]) => [client, wire]));

/** The body to be sent. Only the members themselves are renamed: what is inside them is the wire's own. */
export function toWire(destination: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(destination).map(([name, value]) => [WIRE_NAMES.get(name) ?? name, value]));
}

/** The answer as the client shows it. A time that isn't one stays as it came. */
export function fromWire(answer: object): unknown {
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [clientName(name), TIMES.has(name) ? readTime(value) : value]),
  );
}

function clientName(name: string): string {
  return (Object.hasOwn(CLIENT_NAMES, name) ? CLIENT_NAMES[name] : undefined) ?? name;
}

function readTime(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? value : date;
}
