/** Events as they were accepted (spec api-v1.md §9.8). */
import { z } from 'zod';
import type { EventRecord } from '../domain/event.ts';
import { eventId } from '../domain/ids.ts';
import { AppError } from '../lib/errors.ts';
import type { History } from '../ports/history.ts';
import { eventPageSchema, eventSchema } from './entities.ts';
import { LOG_LIST_PARAMETERS, readLogList, rowScope } from './log-list.ts';
import { pagination } from './page.ts';
import { eventReply } from './render.ts';
import { type AnyRoute, route } from './route.ts';

export interface EventRouteDeps {
  readonly history: Pick<History, 'listEvents' | 'findEvent'>;
}

export function eventRoutes(deps: EventRouteDeps): AnyRoute[] {
  return [listEvents(deps), getEvent(deps)];
}

const eventPosition = (event: EventRecord) => ({ timeMs: event.time.ms, seq: event.seq });

function listEvents({ history }: EventRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/events',
    access: 'any',
    tag: 'Events',
    operationId: 'listEvents',
    summary: 'Lists events by their time',
    query: { id: { schema: z.array(z.string()), description: 'Any of these.' }, ...LOG_LIST_PARAMETERS },
    replies: { 200: eventPageSchema },
    errors: [400, 403, 422],
    async handle(call) {
      const query = readLogList(call.query, call.caller, 'evt', null);
      const page = await history.listEvents({ ...query, ids: call.query.list('id')?.map(eventId) ?? null });
      return {
        status: 200,
        body: {
          models: page.rows.map(eventReply),
          pagination: pagination(page, eventPosition, { ...query, orderBy: 'time', kind: 'evt' }),
        },
      };
    },
  });
}

function getEvent({ history }: EventRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/events/{event_id}',
    access: 'any',
    tag: 'Events',
    operationId: 'getEvent',
    summary: 'Reads an event; of several tenants with one id the newest',
    query: { tenant_id: { schema: z.string(), description: "The operator's: only of this tenant." } },
    replies: { 200: eventSchema },
    errors: [404],
    async handle(call) {
      const event = await history.findEvent(rowScope(call.query, call.caller), eventId(call.param('event_id')));
      if (event === null) throw new AppError('event_not_found', 'event not found');
      return { status: 200, body: eventReply(event) };
    },
  });
}
