/** Publish and manual retry (spec api-v1.md §9.6, §9.7). */
import { z } from 'zod';
import type { RetryUseCase } from '../delivery/use-cases.ts';
import { type DestinationId, destinationId, type EventId, eventId } from '../domain/ids.ts';
import type { Published, PublishUseCase } from '../publish/use-cases.ts';
import { readObject, stringMember } from './body.ts';
import { publishedSchema, SUCCESS, successSchema } from './entities.ts';
import { invalidFields } from './errors.ts';
import { checkIdempotencyKey, decodePublish, idempotencyKeySchema, publishBodySchema } from './publish-body.ts';
import { type AnyRoute, route } from './route.ts';

export interface PublishingRouteDeps {
  readonly publish: PublishUseCase;
  readonly retry: RetryUseCase;
  readonly topics: readonly string[];
}

export function publishingRoutes(deps: PublishingRouteDeps): AnyRoute[] {
  return [publishEvent(deps), retryDelivery(deps)];
}

function publishEvent({ publish, topics }: PublishingRouteDeps): AnyRoute {
  return route({
    method: 'POST',
    path: '/publish',
    access: 'admin',
    tag: 'Events',
    operationId: 'publishEvent',
    summary: 'Publishes an event; answers once it is durable',
    headers: {
      'Idempotency-Key': {
        schema: idempotencyKeySchema,
        description:
          "Makes repeats safe for an event without an `id`: the id follows from the key and the tenant. The body's `id` wins.",
      },
    },
    body: { schema: publishBodySchema, isRequired: true, decode: (bytes) => decodePublish(bytes, topics) },
    replies: { 202: publishedSchema },
    errors: [404, 409, 503],
    async handle(call) {
      const idempotencyKey = checkIdempotencyKey(call.header('idempotency-key'));
      return { status: 202, body: publishedReply(await publish.publish({ ...call.body, idempotencyKey })) };
    },
  });
}

function publishedReply(published: Published): z.input<typeof publishedSchema> {
  return {
    id: published.id,
    duplicate: published.duplicate,
    destination_ids: [...published.destinationIds],
    conflict: published.conflict ? true : undefined,
    reason: published.reason ?? undefined,
  };
}

const retryBodySchema = z.object({ event_id: z.string(), destination_id: z.string() }).meta({ id: 'RetryRequest' });

function retryDelivery({ retry }: PublishingRouteDeps): AnyRoute {
  return route({
    method: 'POST',
    path: '/retry',
    access: 'any',
    tag: 'Events',
    operationId: 'retryDelivery',
    summary: 'Makes one attempt of an event at a destination that it matched',
    body: { schema: retryBodySchema, isRequired: true, decode: decodeRetry },
    replies: { 202: successSchema },
    errors: [400, 404, 409, 410],
    async handle(call) {
      const { caller } = call;
      const scope =
        caller.role === 'admin' ? { kind: 'all' as const } : { kind: 'tenant' as const, tenant: caller.tenant.number };
      await retry.retry(scope, call.body.event, call.body.destination);
      return { status: 202, body: SUCCESS };
    },
  });
}

function decodeRetry(bytes: Uint8Array): { event: EventId; destination: DestinationId } {
  const body = readObject(bytes);
  const event = stringMember(body, 'event_id') ?? '';
  const destination = stringMember(body, 'destination_id') ?? '';
  if (event === '' || destination === '') {
    throw invalidFields([
      ...(event === '' ? ['event_id is required'] : []),
      ...(destination === '' ? ['destination_id is required'] : []),
    ]);
  }
  return { event: eventId(event), destination: destinationId(destination) };
}
