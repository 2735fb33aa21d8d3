/** `npm run mutants [-- name …]`: runs every mutant, or those whose names hold one of the words given. */
import { runMutant } from './mutant-run.ts';
import { listMutants, ROOT } from './mutants.ts';

const mutants = listMutants(process.argv.slice(2));
let failed = 0;
// One after the other: each command is a process that takes a core.
for (const mutant of mutants) {
  const startedMs = performance.now();
  const verdict = await runMutant(ROOT, mutant);
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1).padStart(5);
  console.log(`${seconds} s  ${verdict.isCaught ? 'caught' : 'NOT CAUGHT'}  ${mutant.name}: ${mutant.promise}`);
  if (verdict.isCaught) continue;
  failed += 1;
  console.log(verdict.why.replaceAll(/^/gm, '    '));
}
if (mutants.length === 0) console.log('There is no mutant of that name.');
console.log(`${mutants.length - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 && mutants.length > 0 ? 0 : 1;
