/** The seven operations, each as one call, for tests that cross all of them with something. */
import type { CallOptions, Operation, Outpost, TenantRequest } from '../../sdk/src/outpost-sdk.ts';

export interface OperationCase {
  readonly name: Operation;
  readonly method: string;
  /** Behind `…/destinations`. */
  readonly suffix: string;
  readonly successStatus: number;
  call(client: Outpost, options?: CallOptions, tenant?: TenantRequest): Promise<unknown>;
}

export const DESTINATION_ID = 'des_1';
const destinationId = DESTINATION_ID;
const CREATE = { type: 'webhook', topics: '*', config: { url: 'https://example.com/' } } as const;

export const OPERATIONS: readonly OperationCase[] = [
  {
    name: 'list',
    method: 'GET',
    suffix: '',
    successStatus: 200,
    call: (client, options, tenant = {}) => client.destinations.list(tenant, options),
  },
  {
    name: 'create',
    method: 'POST',
    suffix: '',
    successStatus: 201,
    call: (client, options, tenant = {}) =>
      client.destinations.create({ ...tenant, destinationCreate: CREATE }, options),
  },
  {
    name: 'get',
    method: 'GET',
    suffix: `/${destinationId}`,
    successStatus: 200,
    call: (client, options, tenant = {}) => client.destinations.get({ ...tenant, destinationId }, options),
  },
  {
    name: 'update',
    method: 'PATCH',
    suffix: `/${destinationId}`,
    successStatus: 200,
    call: (client, options, tenant = {}) =>
      client.destinations.update({ ...tenant, destinationId, destinationUpdate: { topics: '*' } }, options),
  },
  {
    name: 'delete',
    method: 'DELETE',
    suffix: `/${destinationId}`,
    successStatus: 200,
    call: (client, options, tenant = {}) => client.destinations.delete({ ...tenant, destinationId }, options),
  },
  {
    name: 'enable',
    method: 'PUT',
    suffix: `/${destinationId}/enable`,
    successStatus: 200,
    call: (client, options, tenant = {}) => client.destinations.enable({ ...tenant, destinationId }, options),
  },
  {
    name: 'disable',
    method: 'PUT',
    suffix: `/${destinationId}/disable`,
    successStatus: 200,
    call: (client, options, tenant = {}) => client.destinations.disable({ ...tenant, destinationId }, options),
  },
];
