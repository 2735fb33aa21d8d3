/**
 * The shapes of 0.x's replies that v1 doesn't have (spec api-v0.md §4). Tenants and destinations are shown as in v1: its
 * members are a superset, and clients of 0.x ignore what they don't know.
 */
import { z } from 'zod';
import { destinationTypeSchema } from '../entities.ts';
import { rawObject } from '../raw-json.ts';

const time = (description: string) => z.string().meta({ format: 'date-time', description });

const fieldSchemaV0 = destinationTypeSchema.shape.config_fields.element
  .omit({ options: true })
  .extend({ type: z.enum(['text', 'checkbox']) })
  .meta({ id: 'DestinationTypeFieldV0' });
export const destinationTypeSchemaV0 = destinationTypeSchema
  .extend({ config_fields: z.array(fieldSchemaV0), credential_fields: z.array(fieldSchemaV0) })
  .meta({ id: 'DestinationTypeV0' });

const status = z.enum(['success', 'failed']);

export const eventSchemaV0 = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    destination_id: z.string().meta({ description: 'Empty where the event is shown without one.' }),
    topic: z.string(),
    eligible_for_retry: z.boolean(),
    time: time('As published, or when it was accepted.'),
    metadata: z.record(z.string(), z.string()),
    data: rawObject('As published, byte for byte.'),
    status: status.optional().meta({ description: 'Of the latest attempt. Left out when there was none.' }),
  })
  .meta({ id: 'EventV0' });

export const eventPageSchemaV0 = z
  .object({
    data: z.array(eventSchemaV0),
    next: z.string().meta({ description: 'Cursor of the following page; empty at the end.' }),
    prev: z.string().meta({ description: 'Cursor of the page before; empty at the start.' }),
    count: z.number().int().meta({ description: 'Rows of all pages, as the first page found them.' }),
  })
  .meta({ id: 'EventPageV0' });

export const deliverySchemaV0 = z
  .object({
    id: z.string(),
    delivered_at: time('When the attempt ended, in whole seconds.'),
    status,
    code: z.string(),
    response_data: z.record(z.string(), z.unknown()).meta({ description: 'A JSON object is shown as one.' }),
    response_status_code: z.number().int().optional(),
    response_body: z.string().optional().meta({ description: 'As it came.' }),
  })
  .meta({ id: 'DeliveryV0' });
