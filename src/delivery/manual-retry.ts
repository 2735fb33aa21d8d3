/** Manual retry: exactly one attempt for each accepted call (architecture §4, the table of `retry`). */
import { filterRoot } from '../domain/filter.ts';
import { compileRoster, matchEvent } from '../domain/roster.ts';
import type { Destination } from '../domain/destination.ts';
import type { EventRecord } from '../domain/event.ts';
import { AppError } from '../lib/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Directory } from '../ports/directory.ts';
import type { History } from '../ports/history.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { RetryUseCase } from './use-cases.ts';

export function retryUseCase(deps: {
  readonly history: Pick<History, 'findEvent' | 'matchedLane'>;
  readonly directory: Pick<Directory, 'findLane'>;
  readonly ledger: Pick<Ledger, 'retry'>;
  readonly dispatcher: Pick<Dispatcher, 'reserve' | 'giveBack' | 'begin' | 'wake'>;
  readonly clock: Clock;
}): RetryUseCase {
  const { history, directory, ledger, dispatcher, clock } = deps;
  return {
    async retry(scope, eventId, destinationId) {
      const event = await history.findEvent(scope, eventId);
      const lane = event === null ? null : await history.matchedLane(event.tenant, eventId, destinationId);
      if (event === null || lane === null) throw new AppError('event_not_found', 'event not found');
      const destination = await directory.findLane(lane);
      if (destination === null) throw destinationNotFound();
      if (destination.disabledAtMs !== null) throw destinationDisabled();
      if (!stillMatches(destination, event)) {
        throw new AppError('destination_mismatch', 'destination does not match event');
      }

      const slot = dispatcher.reserve(event.tenant, lane, event.data.byteLength);
      let isBegun = false;
      try {
        const result = await ledger.retry({
          tenant: event.tenant,
          event: event.seq,
          lane,
          nowMs: clock.now(),
          slotReserved: slot !== null,
        });
        switch (result.kind) {
          case 'accepted':
            if (result.lease === null) dispatcher.wake();
            else if (slot !== null) {
              isBegun = true;
              dispatcher.begin(slot, result.lease, event);
            }
            return;
          case 'not_found':
            throw new AppError('event_not_found', 'event not found');
          case 'in_flight':
            throw new AppError('attempt_in_flight', 'an attempt of this delivery is under way');
          case 'disabled':
            throw destinationDisabled();
          case 'deleted':
            throw destinationNotFound();
          default: {
            const never: never = result;
            throw new Error(`unknown answer to a retry: ${JSON.stringify(never)}`);
          }
        }
      } finally {
        if (slot !== null && !isBegun) dispatcher.giveBack(slot);
      }
    },
  };
}

function stillMatches(destination: Destination, event: EventRecord): boolean {
  const roster = compileRoster({ tenant: destination.tenant, version: 0, destinations: [destination] });
  const { matched } = matchEvent(roster, { topic: event.topic, destinationId: null }, () => filterRoot(event));
  return matched.length === 1;
}

function destinationNotFound(): AppError {
  return new AppError('destination_not_found', 'destination not found');
}

function destinationDisabled(): AppError {
  return new AppError('destination_disabled', 'Destination is disabled', { data: { error: 'destination_disabled' } });
}
