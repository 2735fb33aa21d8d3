/** Manual retry, as the API calls it. */
import type { DestinationId, EventId } from '../domain/ids.ts';
import type { Scope } from '../ports/history.ts';

export interface RetryUseCase {
  /**
   * Resolves once exactly one manual attempt is bound to follow, durably.
   * @throws AppError `event_not_found` (unknown, of another tenant, or never matched by that destination),
   * `destination_not_found`, `destination_disabled`, `destination_mismatch`, `attempt_in_flight`
   */
  retry(scope: Scope, event: EventId, destination: DestinationId): Promise<void>;
}
