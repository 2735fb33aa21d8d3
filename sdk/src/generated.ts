/**
 * Made by `node scripts/sdk-types.ts` from the server's OpenAPI document and its list of destination types. Changes by
 * hand are lost.
 */

/** Of every destination in an answer. */
export interface DestinationMembers {
  /** Unique within its tenant. */
  readonly id: string;
  readonly tenantId: string;
  readonly topics: readonly string[];
  /** Left out when there is none. */
  readonly filter?: Readonly<Record<string, unknown>>;
  /** Merged below the event's own metadata. Left out when empty. */
  readonly deliveryMetadata?: Readonly<Record<string, string>>;
  /** Left out when empty. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** When it was created. */
  readonly createdAt: Date;
  /** Moved by PATCH; not by enable and disable. */
  readonly updatedAt: Date;
  readonly disabledAt: Date | null;
  /** Where it sends, for people. */
  readonly target: string;
  /** Where the target is found in its service's own pages. Left out when that can't be told. */
  readonly targetUrl?: string;
}

/** Of every destination to be created. */
export interface CreateMembers {
  /** Generated when missing or empty. */
  readonly id?: string;
  readonly topics: '*' | readonly string[];
  readonly filter?: Readonly<Record<string, unknown>> | null;
  readonly deliveryMetadata?: Readonly<Record<string, unknown>> | null;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
  /** By the operator only. */
  readonly createdAt?: Date | null;
  /** By the operator only. */
  readonly updatedAt?: Date | null;
  readonly disabledAt?: Date | null;
}

/** Of every change; what is left out stays. */
export interface UpdateMembers {
  readonly topics?: '*' | readonly string[] | null;
  readonly filter?: Readonly<Record<string, unknown>> | null;
  readonly deliveryMetadata?: Readonly<Record<string, unknown>> | null;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
  readonly disabledAt?: Date | null;
}

/** Instead of the changed destination, for a type that authorises by OAuth. No type of today answers it. */
export interface OAuthRedirect {
  /** Where to authorise the change. */
  readonly redirectUrl: string;
}

export interface WebhookConfig {
  readonly custom_headers?: string;
  readonly url: string;
}

export interface WebhookConfigInput {
  readonly custom_headers?: string | Readonly<Record<string, string>>;
  readonly url: string;
}

export interface HookdeckCredentials {
  readonly token: string;
}

export interface HookdeckCredentialsInput {
  readonly token: string;
}

export interface RabbitmqConfig {
  readonly exchange?: string;
  readonly server_url: string;
  readonly tls?: 'true' | 'false';
}

export interface RabbitmqConfigInput {
  readonly exchange?: string;
  readonly server_url: string;
  readonly tls?: boolean | 'true' | 'false';
}

export interface RabbitmqCredentials {
  readonly password: string;
  readonly username: string;
}

export interface RabbitmqCredentialsInput {
  readonly password: string;
  readonly username: string;
}

/** Members of the wire, each with its name in the client. */
export const CLIENT_NAMES: Readonly<Record<string, string>> = {
  created_at: 'createdAt',
  delivery_metadata: 'deliveryMetadata',
  disabled_at: 'disabledAt',
  redirect_url: 'redirectUrl',
  target_url: 'targetUrl',
  tenant_id: 'tenantId',
  updated_at: 'updatedAt',
};

/** Members of the wire that are times. */
export const TIMES: ReadonlySet<string> = new Set(['created_at', 'updated_at', 'disabled_at']);
