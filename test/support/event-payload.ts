/** An event as a sender gets it, with defaults for what a test is not about. */
import type { EventPayload } from '../../src/domain/event.ts';
import { eventId } from '../../src/domain/ids.ts';
import type { StringMap } from '../../src/domain/json.ts';

export function eventPayload(
  more: { id?: string; topic?: string; metadata?: StringMap; data?: string } = {},
): EventPayload {
  const { id = 'evt_123', topic = 'user.created', metadata = {}, data = '{"user_id":"usr_123"}' } = more;
  return { id: eventId(id), topic, metadata, time: { ms: 0, nanos: 0 }, data: Buffer.from(data) };
}
