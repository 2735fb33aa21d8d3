/**
 * What crosses from the store's ports to the engine: one operation per call of a port that writes. A batch of them is
 * one transaction; the engine answers in the same order. Kinds are applied in the order of `KIND_ORDER`, rows of one
 * kind sorted by key, on every driver, so that two batches never wait for each other in a circle.
 */
import type { DestinationSettings } from '../../domain/destination.ts';
import type { DestinationId, LaneNumber, TenantId } from '../../domain/ids.ts';
import type { StringMap } from '../../domain/json.ts';
import type { CreateDestinationResult, DestinationDraft, UpdateResult } from '../../ports/directory.ts';
import type { Destination } from '../../domain/destination.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type {
  AcceptRequest,
  AcceptResult,
  ClaimRequest,
  ClaimResult,
  LeaseKey,
  RecoverResult,
  RetryRequest,
  RetryResult,
  SettleRequest,
  SettleResult,
} from '../../ports/ledger.ts';

/** Each operation's input and answer. */
export interface Operations {
  putTenant: [{ id: TenantId; metadata: StringMap | null; nowMs: number }, { tenant: Tenant; created: boolean }];
  deleteTenant: [{ id: TenantId; nowMs: number }, readonly LaneNumber[] | null];
  createDestination: [{ draft: DestinationDraft; maxPerTenant: number }, CreateDestinationResult];
  updateDestination: [{ lane: LaneNumber; version: number; settings: DestinationSettings }, UpdateResult];
  setDisabled: [{ tenant: TenantId; id: DestinationId; disabledAtMs: number | null }, Destination | null];
  deleteDestination: [{ tenant: TenantId; id: DestinationId }, LaneNumber | null];
  settle: [SettleRequest, SettleResult];
  release: [{ leases: readonly LeaseKey[]; nowMs: number }, null];
  retry: [RetryRequest, RetryResult];
  accept: [AcceptRequest, AcceptResult];
  claim: [ClaimRequest, ClaimResult];
  recover: [{ limit: number; nowMs: number }, RecoverResult];
  removeDeleted: [{ limit: number; nowMs: number }, number];
}
export type Kind = keyof Operations;
export type Operation<K extends Kind = Kind> = { [P in K]: { readonly kind: P; readonly input: Operations[P][0] } }[K];

/** An operation's answer, or the error of the data that only it caused. */
export type Answer<K extends Kind = Kind> = Operations[K][1];

/** Directory first, so that what a batch accepts sees it; settles before claims, so that freed work is claimed at once. */
export const KIND_ORDER: readonly Kind[] = [
  'putTenant',
  'deleteTenant',
  'createDestination',
  'updateDestination',
  'setDisabled',
  'deleteDestination',
  'settle',
  'release',
  'retry',
  'accept',
  'claim',
  'recover',
  'removeDeleted',
];
