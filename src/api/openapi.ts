/** The OpenAPI 3.1 document, made from the route table: what isn't in it isn't served, and the other way round. */
import { z } from 'zod';
import { errorSchema } from './errors.ts';
import { PREFIX } from './prefix.ts';
import { rawJson, rawObject } from './raw-json.ts';
import { type AnyRoute, requiresTenant, route } from './route.ts';
import { errorSchemaV0 } from './v0/errors.ts';

type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined };
type JsonNode = { readonly [key: string]: JsonValue | undefined };

const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  tenant_id: 'Id of the tenant.',
  destination_id: 'Id of the destination, within its tenant.',
  event_id: 'Id of the event.',
  attempt_id: 'Id of the attempt.',
  type: 'Destination type, such as `webhook`.',
};
/** Statuses that any route with a body may answer. */
const BODY_ERRORS = [413, 415, 422];

/** Serves the document; it describes itself too. */
export function openApiRoute(routes: readonly AnyRoute[]): AnyRoute {
  const own: AnyRoute = route({
    method: 'GET',
    path: '/openapi.json',
    access: 'none',
    tag: 'Catalogue',
    operationId: 'getOpenApi',
    summary: 'This document',
    replies: { 200: rawObject('An OpenAPI 3.1 document.') },
    handle: async () => ({ status: 200, body: document }),
  });
  const document = rawJson(JSON.stringify(openApiDocument([...routes, own])));
  return own;
}

export function openApiDocument(routes: readonly AnyRoute[]): JsonNode {
  const schemas: Record<string, JsonValue> = {};
  const paths: Record<string, Record<string, JsonValue>> = {};
  for (const declared of routes) {
    const item = (paths[declared.path] ??= {});
    item[declared.method.toLowerCase()] = operation(declared, schemas);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Outpost',
      version: '1',
      description: "Sends a platform's events to its customers' webhooks, queues and streams.",
    },
    servers: [{ url: PREFIX }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: "The operator's API key." },
        tenantToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Token of one tenant.' },
      },
    },
  };
}

function operation(declared: AnyRoute, schemas: Record<string, JsonValue>): JsonNode {
  const replies = Object.entries(declared.replies).map(([status, schema]) => [
    status,
    response('The answer.', componentOf(schema, schemas, 'output')),
  ]);
  const error = declared.generation === 'v0' ? errorSchemaV0 : errorSchema;
  const errors = errorStatuses(declared)
    .filter((status) => !(status in declared.replies))
    .map((status) => [String(status), response(`See docs/errors.md.`, componentOf(error, schemas, 'output'))]);
  return {
    operationId: declared.operationId,
    summary: declared.summary,
    tags: [declared.tag],
    security: security(declared),
    parameters: parameters(declared, schemas),
    requestBody:
      declared.body === undefined
        ? undefined
        : {
            required: declared.body.isRequired,
            content: { 'application/json': { schema: componentOf(declared.body.schema, schemas, 'input') } },
          },
    responses: Object.fromEntries([...replies, ...errors]) as JsonNode,
  };
}

function response(description: string, schema: JsonValue): JsonNode {
  return { description, content: { 'application/json': { schema } } };
}

function security(declared: AnyRoute): JsonValue {
  if (declared.access === 'none') return [];
  return declared.access === 'admin' ? [{ apiKey: [] }] : [{ apiKey: [] }, { tenantToken: [] }];
}

/** What follows from access and body, what the route adds, and 500. */
function errorStatuses(declared: AnyRoute): number[] {
  const hasAccess = declared.access !== 'none';
  const isV0 = declared.generation === 'v0';
  const mayBeForeign = declared.access === 'admin' || declared.path.includes('{tenant_id}');
  const statuses = new Set<number>([
    ...(hasAccess ? [401] : []),
    // 0.x refuses with 401 instead, and a header that holds no token, and what is no JSON, with 400.
    ...(isV0 ? [400] : hasAccess && mayBeForeign ? [403] : []),
    ...(requiresTenant(declared) ? [404] : []),
    ...(declared.body === undefined ? [] : BODY_ERRORS),
    ...(declared.errors ?? []),
    500,
  ]);
  return [...statuses].sort((left, right) => left - right);
}

function parameters(declared: AnyRoute, schemas: Record<string, JsonValue>): JsonValue {
  const inPath = [...declared.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: PATH_PARAMETERS[name] ?? name,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(declared.query ?? {}).map(([name, { schema, description }]) => ({
    name,
    in: 'query',
    required: false,
    description,
    schema: componentOf(schema, schemas, 'output'),
    // Lists are sent by repeating the parameter, never with commas.
    ...(schema instanceof z.ZodArray ? { style: 'form', explode: true } : {}),
  }));
  const inHeaders = Object.entries(declared.headers ?? {}).map(([name, { schema, description }]) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: componentOf(schema, schemas, 'output'),
  }));
  return [...inPath, ...inQuery, ...inHeaders];
}

/** A schema with its named parts moved to the components, where they are shared. */
function componentOf(schema: z.ZodType, schemas: Record<string, JsonValue>, io: 'input' | 'output'): JsonValue {
  const {
    $schema: _dialect,
    $defs,
    ...inline
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // Replies may gain members: clients have to tolerate them, and so do generated ones.
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  }) as Record<string, JsonValue>;
  for (const [name, definition] of Object.entries(($defs as Record<string, JsonValue> | undefined) ?? {})) {
    schemas[name] = rebased(definition);
  }
  return rebased(inline);
}

/** zod's references point into the schema itself; ours into the document. */
function rebased(value: JsonValue | undefined): JsonValue {
  return JSON.parse(JSON.stringify(value ?? {}).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonValue;
}
