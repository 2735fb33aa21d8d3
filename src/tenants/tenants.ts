/** Tenants: created, read, listed and removed. */
import { checkId } from '../domain/id-rules.ts';
import type { LaneNumber, TenantId } from '../domain/ids.ts';
import { AppError } from '../lib/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Directory } from '../ports/directory.ts';
import { unstorableTexts, validationError } from './problems.ts';
import type { TenantUseCases } from './use-cases.ts';

export interface TenantDeps {
  readonly directory: Pick<Directory, 'putTenant' | 'findTenant' | 'listTenants' | 'deleteTenant'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Called after a committed change, with the lanes that it ended. */
  readonly onChange: (tenant: TenantId, lanes: readonly LaneNumber[]) => void;
}

export function tenantUseCases({ directory, clock, onChange }: TenantDeps): TenantUseCases {
  return {
    async put(id, metadata) {
      const fault = checkId(id);
      if (fault !== null) throw validationError([`tenant_id ${fault}`]);
      const faults = unstorableTexts('metadata', metadata);
      if (faults.length > 0) throw validationError(faults);
      const kept = metadata === null || Object.keys(metadata).length === 0 ? null : metadata;
      const put = await directory.putTenant(id, kept, clock.now());
      if (put.created) onChange(id, []);
      return put;
    },
    async get(id) {
      return (await directory.findTenant(id)) ?? refuseTenant();
    },
    find: (id) => directory.findTenant(id),
    list: (query) => directory.listTenants(query),
    async remove(id) {
      const lanes = (await directory.deleteTenant(id, clock.now())) ?? refuseTenant();
      onChange(id, lanes);
    },
  };
}

/** @throws AppError `tenant_not_found`, always */
export function refuseTenant(): never {
  throw new AppError('tenant_not_found', 'tenant not found');
}
