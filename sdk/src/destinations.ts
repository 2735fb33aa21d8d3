/** The seven operations on a tenant's destinations: one request object each, then options. */
import {
  type Destination,
  type DestinationCreate,
  type DestinationType,
  type DestinationUpdate,
  fromWire,
  type SuccessResponse,
  toWire,
  type UpdateDestinationResponse,
} from './destination.ts';
import { InvalidRequestError } from './errors.ts';
import { destinationsPath, encodeSegment, type PathSettings } from './tenant-path.ts';
import type { ApiRequest, CallOptions, Transport } from './transport.ts';

/** Of every operation. */
export interface TenantRequest {
  /** Wins over the client's. Required with `adminApiKey` if the client has none. */
  readonly tenantId?: string;
}
export interface ListDestinationsRequest extends TenantRequest {
  /** Destinations of this type, or of any of these. */
  readonly type?: DestinationType | readonly DestinationType[];
  /** Destinations that get all of these topics; `*` for those that get every topic. */
  readonly topics?: string | readonly string[];
}
export interface CreateDestinationRequest extends TenantRequest {
  readonly destinationCreate: DestinationCreate;
}
export interface DestinationRequest extends TenantRequest {
  readonly destinationId: string;
}
export interface UpdateDestinationRequest extends DestinationRequest {
  readonly destinationUpdate: DestinationUpdate;
}

export interface Destinations {
  /** All destinations of the tenant, oldest first; not paged. */
  list(request?: ListDestinationsRequest, options?: CallOptions): Promise<Destination[]>;
  create(request: CreateDestinationRequest, options?: CallOptions): Promise<Destination>;
  get(request: DestinationRequest, options?: CallOptions): Promise<Destination>;
  /** Changes what is given, inside `config` and `credentials` too. */
  update(request: UpdateDestinationRequest, options?: CallOptions): Promise<UpdateDestinationResponse>;
  delete(request: DestinationRequest, options?: CallOptions): Promise<SuccessResponse>;
  /** Does nothing if it is enabled. */
  enable(request: DestinationRequest, options?: CallOptions): Promise<Destination>;
  /** Does nothing if it is disabled: `disabledAt` stays. */
  disable(request: DestinationRequest, options?: CallOptions): Promise<Destination>;
}

export function destinations(transport: Transport, paths: PathSettings): Destinations {
  const one = ({ tenantId, destinationId }: DestinationRequest): string =>
    `${destinationsPath(paths, tenantId)}/${encodeSegment('destinationId', destinationId)}`;
  // Answers are shown as they are: what this version doesn't know must not make a call fail.
  const send = async <Shape>(request: ApiRequest, options: CallOptions | undefined): Promise<Shape> =>
    show(await transport.send(request, options)) as Shape;

  return {
    list: async (request = {}, options) =>
      send(
        {
          operation: 'list',
          method: 'GET',
          path: destinationsPath(paths, request.tenantId),
          query: [...queryOf('topics', request.topics), ...queryOf('type', request.type)],
        },
        options,
      ),
    create: async (request, options) =>
      send(
        {
          operation: 'create',
          method: 'POST',
          path: destinationsPath(paths, request.tenantId),
          body: bodyOf('destinationCreate', request.destinationCreate),
        },
        options,
      ),
    get: async (request, options) => send({ operation: 'get', method: 'GET', path: one(request) }, options),
    update: async (request, options) =>
      send(
        {
          operation: 'update',
          method: 'PATCH',
          path: one(request),
          body: bodyOf('destinationUpdate', request.destinationUpdate),
        },
        options,
      ),
    delete: async (request, options) => send({ operation: 'delete', method: 'DELETE', path: one(request) }, options),
    enable: async (request, options) =>
      send({ operation: 'enable', method: 'PUT', path: `${one(request)}/enable` }, options),
    disable: async (request, options) =>
      send({ operation: 'disable', method: 'PUT', path: `${one(request)}/disable` }, options),
  };
}

function queryOf(name: string, values: string | readonly string[] | undefined): readonly (readonly [string, string])[] {
  if (values === undefined) return [];
  return (typeof values === 'string' ? [values] : values).map((value) => [name, value]);
}

function bodyOf(name: string, destination: unknown): unknown {
  if (typeof destination !== 'object' || destination === null) throw new InvalidRequestError(`${name} is missing`);
  return toWire(destination);
}

function show(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(show);
  return typeof answer === 'object' && answer !== null ? fromWire(answer) : answer;
}
