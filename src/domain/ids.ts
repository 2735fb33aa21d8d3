/**
 * The identifiers of the domain, branded so that one cannot be passed for another.
 *
 * Ids are the API's text. Numbers are the store's own and are never used again: a tenant or destination that is
 * deleted and created anew under the same id gets a new number and inherits nothing. This is the one file that casts.
 */
declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

export type TenantId = Branded<string, 'TenantId'>;
export type DestinationId = Branded<string, 'DestinationId'>;
export type EventId = Branded<string, 'EventId'>;
export type AttemptId = Branded<string, 'AttemptId'>;

/** One life of a tenant id. At most 2^28 - 1 (see attempt-id.ts). */
export type TenantNumber = Branded<number, 'TenantNumber'>;
/** One life of a destination, and the name of its queue. At most 2^32 - 1. */
export type LaneNumber = Branded<number, 'LaneNumber'>;
/** An event's place in the order of acceptance. At most 2^44 - 1. */
export type EventSeq = Branded<number, 'EventSeq'>;

export const tenantId = (text: string): TenantId => text as TenantId;
export const destinationId = (text: string): DestinationId => text as DestinationId;
export const eventId = (text: string): EventId => text as EventId;
export const attemptId = (text: string): AttemptId => text as AttemptId;
export const tenantNumber = (value: number): TenantNumber => value as TenantNumber;
export const laneNumber = (value: number): LaneNumber => value as LaneNumber;
export const eventSeq = (value: number): EventSeq => value as EventSeq;
