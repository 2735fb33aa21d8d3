/**
 * A route of the table: what it takes, who may call it, what it answers. Handlers, validation, the writing of replies and
 * the OpenAPI document are all made from the same list.
 */
import assert from 'node:assert/strict';
import type { z } from 'zod';
import type { Tenant } from '../domain/tenant.ts';
import type { Access, Caller } from './access.ts';
import type { Generation } from './generation.ts';
import type { Query } from './query.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A parameter of the query or a header, as the document shows it. */
export interface Parameter {
  readonly schema: z.ZodType;
  readonly description: string;
}

export type Replies = Readonly<Record<number, z.ZodType>>;

/** One of the declared replies, its body as its schema wants it. */
export type Answer<Declared extends Replies> = {
  [Status in keyof Declared & number]: { readonly status: Status; readonly body: z.input<Declared[Status]> };
}[keyof Declared & number];

export interface RequestBody<Body> {
  /** For the document: what `decode` takes. */
  readonly schema: z.ZodType;
  readonly isRequired: boolean;
  /**
   * Reads the bytes, empty when there was no body. Hand-written, since numbers, raw members and the texts of errors are
   * contracts that a schema can't keep.
   * @throws AppError `invalid_json`, `invalid_request`
   */
  decode(bytes: Uint8Array): Body;
}

/** A request that has been admitted and read. */
export interface Call<Body> {
  readonly caller: Caller;
  /** The path's tenant; only on routes that require one. */
  readonly tenant: Tenant | null;
  /** By name, decoded, never empty and without a slash. */
  param(name: string): string;
  /** By name in lower case. */
  header(name: string): string | undefined;
  readonly query: Query;
  readonly body: Body;
}

export interface Route<Body, Declared extends Replies> {
  /** Decides who is let in and how errors are told, whatever the credential. v1 when missing. */
  readonly generation?: Generation;
  readonly method: Method;
  /** Below the prefix, `{name}` for parameters; `/` for the prefix itself. */
  readonly path: string;
  /** Also served without the prefix: probes. */
  readonly isAtRoot?: true;
  readonly access: Access;
  /** The path's tenant need not exist, though only the operator may call. */
  readonly createsTenant?: true;
  /** 0.x only: `{tenant_id}` itself in the path stands for a token's own tenant. */
  readonly takesPlaceholder?: true;
  readonly tag: string;
  readonly operationId: string;
  readonly summary: string;
  readonly query?: Readonly<Record<string, Parameter>>;
  /** Those that mean something to this route alone. */
  readonly headers?: Readonly<Record<string, Parameter>>;
  readonly body?: RequestBody<Body>;
  readonly replies: Declared;
  /** What clients that accept text alone are answered instead. */
  readonly asText?: (status: number) => string;
  /** Statuses of the errors it may answer beside those that follow from access and body. */
  readonly errors?: readonly number[];
  handle(call: Call<Body>): Promise<Answer<NoInfer<Declared>>>;
}

/** A route in the table: its own types are checked where it is declared and forgotten here. */
export type AnyRoute = Omit<Route<unknown, Replies>, 'body' | 'handle'> & {
  readonly body?: RequestBody<unknown>;
  handle(call: Call<unknown>): Promise<{ readonly status: number; readonly body: unknown }>;
};

/** Keeps each route's own types where it is written; the table only knows `AnyRoute`. */
export function route<Body = null, const Declared extends Replies = Replies>(
  declared: Route<Body, Declared>,
): AnyRoute {
  return declared as unknown as AnyRoute;
}

/** The path's tenant, on a route that requires one. */
export function tenantOf(call: Call<unknown>): Tenant {
  assert(call.tenant !== null, 'the route does not require a tenant');
  return call.tenant;
}

/** True if the path names a tenant that has to exist before the handler runs. */
export function requiresTenant(declared: Pick<AnyRoute, 'access' | 'path' | 'createsTenant'>): boolean {
  if (declared.createsTenant === true) return false;
  return declared.access === 'tenant' || (declared.access === 'admin' && declared.path.includes('{tenant_id}'));
}
