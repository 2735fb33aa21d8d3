/**
 * The shapes of v1's replies (spec api-v1.md §7), declared once: the reply writer writes by them, keys in this order, and
 * the OpenAPI document shows them.
 */
import { z } from 'zod';
import { rawObject } from './raw-json.ts';

const time = (description: string) =>
  z.string().meta({ format: 'date-time', description, examples: ['2026-01-02T03:04:05.678Z'] });
const stringMap = (description: string) => z.record(z.string(), z.string()).meta({ description });

export const tenantSchema = z
  .object({
    id: z.string(),
    destinations_count: z.number().int().meta({ description: 'Live destinations, disabled ones included.' }),
    topics: z
      .array(z.string())
      .meta({ description: 'Union of the destinations\' topics; `["*"]` once one takes all.' }),
    metadata: stringMap('Left out when empty.').optional(),
    created_at: time('When it was created.'),
    updated_at: time('Moved by PUT of the tenant only.'),
  })
  .meta({ id: 'Tenant' });

export const destinationSchema = z
  .object({
    id: z.string().meta({ description: 'Unique within its tenant.' }),
    tenant_id: z.string(),
    type: z.string(),
    topics: z.array(z.string()),
    filter: rawObject('Left out when there is none.').optional(),
    config: stringMap("Settings of the destination's type."),
    credentials: stringMap('Sensitive values are masked.'),
    delivery_metadata: stringMap("Merged below the event's own metadata. Left out when empty.").optional(),
    metadata: stringMap('Left out when empty.').optional(),
    created_at: time('When it was created.'),
    updated_at: time('Moved by PATCH; not by enable and disable.'),
    disabled_at: time('Null while enabled.').nullable(),
    target: z.string().meta({ description: 'Where it sends, for people.' }),
    target_url: z
      .string()
      .meta({ description: "Where the target is found in its service's own pages. Left out when that can't be told." })
      .optional(),
  })
  .meta({ id: 'Destination' });

export const eventSchema = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    matched_destination_ids: z.array(z.string()).meta({ description: 'As matched when it was accepted.' }),
    topic: z.string(),
    time: time('As published, or when it was accepted.'),
    eligible_for_retry: z.boolean(),
    metadata: stringMap('Left out when empty.').optional(),
    data: rawObject('As published, byte for byte.'),
  })
  .meta({ id: 'Event' });

/** The event inside an attempt, without the matched destinations as in the original; `data` only with `include=event.data`. */
const attemptEventSchema = eventSchema
  .omit({ matched_destination_ids: true })
  .extend({ data: eventSchema.shape.data.optional() })
  .meta({ id: 'AttemptEvent' });

export const attemptSchema = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    status: z.enum(['success', 'failed']),
    time: time('When the attempt ended.'),
    code: z.string().optional().meta({ description: 'HTTP status, or a code of the way or the type. Free text.' }),
    response_data: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'With `include=response_data`, unless empty.' }),
    detail: z.string().optional().meta({
      description: 'With `include=detail`: what went wrong, in words, where there was no answer. Not in the original.',
    }),
    attempt_number: z.number().int().meta({ description: 'From 1, without gaps within a delivery.' }),
    manual: z.boolean(),
    destination_type: z.string(),
    event_id: z.string(),
    destination_id: z.string(),
    event: attemptEventSchema.optional(),
    destination: destinationSchema.optional(),
  })
  .meta({ id: 'Attempt' });

const paginationSchema = <OrderBy extends string>(orderBy: OrderBy) =>
  z.object({
    order_by: z.literal(orderBy),
    dir: z.enum(['asc', 'desc']),
    limit: z.number().int(),
    next: z.string().nullable().meta({ description: 'Cursor of the following page.' }),
    prev: z.string().nullable().meta({ description: 'Cursor of the page before.' }),
  });

export const tenantPageSchema = z
  .object({
    models: z.array(tenantSchema),
    pagination: paginationSchema('created_at'),
    count: z.number().int().meta({ description: 'All tenants that satisfy `id`, whatever the page.' }),
  })
  .meta({ id: 'TenantPage' });
export const eventPageSchema = z
  .object({ models: z.array(eventSchema), pagination: paginationSchema('time') })
  .meta({ id: 'EventPage' });
export const attemptPageSchema = z
  .object({ models: z.array(attemptSchema), pagination: paginationSchema('time') })
  .meta({ id: 'AttemptPage' });

export const successSchema = z.object({ success: z.literal(true) }).meta({ id: 'Success' });
/** Of what changes something and has nothing to show. */
export const SUCCESS: z.input<typeof successSchema> = { success: true };
/** Of a type that authorises by OAuth: the change waits until somebody has been there. No type does so yet. */
const redirectSchema = z
  .object({ redirect_url: z.string().meta({ description: 'Where to authorise the change.' }) })
  .meta({ id: 'DestinationRedirect' });
export const updatedSchema = z.union([destinationSchema, redirectSchema]).meta({ id: 'DestinationUpdated' });

export const portalSchema = z
  .object({
    redirect_url: z.string().meta({ description: 'Leads to the portal, with a token for the tenant.' }),
    tenant_id: z.string(),
  })
  .meta({ id: 'PortalRedirect' });

export const tokenSchema = z.object({ tenant_id: z.string(), token: z.string() }).meta({ id: 'Token' });

export const publishedSchema = z
  .object({
    id: z.string(),
    duplicate: z.boolean().meta({ description: 'The id was published before; nothing new is delivered.' }),
    destination_ids: z.array(z.string()),
    conflict: z.literal(true).optional().meta({ description: 'The id was published before with other content.' }),
    reason: z.enum(['tenant_not_found']).optional().meta({ description: 'Why nothing was stored.' }),
  })
  .meta({ id: 'Published' });

const fieldSchema = z
  .object({
    type: z.enum(['text', 'checkbox', 'key_value_map', 'select']),
    label: z.string(),
    description: z.string(),
    key: z.string(),
    required: z.boolean(),
    default: z.string().optional(),
    sensitive: z.literal(true).optional(),
    pattern: z.string().optional().meta({ description: 'Source of a regular expression.' }),
    options: z.array(z.object({ label: z.string(), value: z.string() })).optional(),
  })
  .meta({ id: 'DestinationTypeField' });

export const destinationTypeSchema = z
  .object({
    type: z.string(),
    config_fields: z.array(fieldSchema),
    credential_fields: z.array(fieldSchema),
    label: z.string(),
    description: z.string(),
    icon: z.string().meta({ description: 'Inline SVG.' }),
    setup_link: z
      .object({ href: z.string(), cta: z.string() })
      .meta({ description: 'A page of the service that leads to the credentials.' })
      .optional(),
    instructions: z.string().meta({ description: 'Markdown.' }),
  })
  .meta({ id: 'DestinationType' });

const healthStatus = z.enum(['healthy', 'failed']);
export const healthSchema = z
  .object({
    status: healthStatus,
    timestamp: time('Now.'),
    workers: z.record(z.string(), z.object({ status: healthStatus })),
  })
  .meta({ id: 'Health' });
export const probeSchema = z.object({ status: z.enum(['ok', 'failed']) }).meta({ id: 'Probe' });
