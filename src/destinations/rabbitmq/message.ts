/**
 * What an event becomes: its data as the body, its metadata as headers, its topic as the routing key (spec
 * destinations.md §8.10). Unlike the original's, messages survive the broker's restart, carry the event's id as their
 * own, and must reach a queue.
 */
import type { EventPayload } from '../../domain/event.ts';
import type { StringMap } from '../../domain/json.ts';
import type { BrokerMessage } from './connection.ts';

/** AMQP's short string: names of headers, routing keys and exchanges. */
export const SHORT_STRING_MAX_BYTES = 255;
/** Headers that RabbitMQ takes for lists of further routing keys; with a text in them it closes the channel. */
const ROUTING_HEADERS: ReadonlySet<string> = new Set(['CC', 'BCC']);

export function messageOf(
  destination: { readonly exchange: string; readonly deliveryMetadata: StringMap | null },
  event: EventPayload,
  nowMs: number,
): BrokerMessage {
  const headers = new Map<string, string>([['topic', event.topic]]);
  for (const metadata of [destination.deliveryMetadata ?? {}, event.metadata]) {
    for (const [key, value] of Object.entries(metadata)) if (isHeader(key)) headers.set(key, value);
  }
  // Last, since nobody else may set them.
  headers.set('event-id', event.id);
  headers.set('timestamp', `${new Date(nowMs).toISOString().slice(0, 19)}Z`);
  return {
    exchange: destination.exchange,
    routingKey: event.topic,
    body: event.data,
    properties: {
      contentType: 'application/json',
      messageId: event.id,
      persistent: true,
      mandatory: true,
      headers: Object.fromEntries(headers),
    },
  };
}

function isHeader(key: string): boolean {
  return !ROUTING_HEADERS.has(key) && Buffer.byteLength(key) <= SHORT_STRING_MAX_BYTES;
}
