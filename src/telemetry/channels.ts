/**
 * What is published on the diagnostics channels that telemetry reads, as far as it reads it. Whoever publishes knows
 * nothing of telemetry and pays nothing while nobody has subscribed.
 */
import type { AttemptTrigger } from '../domain/attempt.ts';
import type { DeliveryState } from '../domain/delivery.ts';

/** Every channel that telemetry subscribes to; docs/telemetry.md has a row for each, and a test compares the two. */
export const CHANNELS = ['publish.accepted', 'delivery.attempted', 'delivery.interrupted'] as const;

/** `publish.accepted`: a publish was answered with 202. */
export interface PublishMoment {
  readonly duplicate: boolean;
  /** How many destinations matched. */
  readonly destinations: number;
  /** Set when nothing was stored. */
  readonly reason: 'tenant_not_found' | null;
}

/** `delivery.interrupted`: attempts whose process died are in the log, outcome unknown. */
export interface InterruptionMoment {
  readonly count: number;
}

/** `delivery.attempted`: an attempt is in the log. */
export interface AttemptMoment {
  readonly tenantId: string;
  readonly destinationId: string;
  readonly destinationType: string;
  readonly eventId: string;
  readonly topic: string;
  readonly number: number;
  readonly trigger: AttemptTrigger;
  readonly succeeded: boolean;
  readonly code: string;
  readonly state: DeliveryState | 'late';
  readonly durationMs: number;
  /** When the next attempt is due; null if none is. */
  readonly dueMs: number | null;
}
