/** The mutants that there are: a patch file each, in the order of their numbers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Mutant, parseMutant } from './patch.ts';

export const ROOT = join(import.meta.dirname, '..', '..');

/** @param names those wanted, whole or in part; empty for all */
export function listMutants(names: readonly string[] = []): readonly Mutant[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.patch'))
    .map((file) => file.slice(0, -'.patch'.length))
    .filter((name) => names.length === 0 || names.some((part) => name.includes(part)))
    .sort()
    .map((name) => parseMutant(name, readFileSync(join(import.meta.dirname, `${name}.patch`), 'utf8')));
}
