/** Simulated days as a test: few at a desk, thousands in CI. A broken promise comes with the command that shows it again. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { copyOfTree, mutate, runNode } from '../mutants/mutant-run.ts';
import { listMutants, ROOT } from '../mutants/mutants.ts';
import { sized } from '../support/sizes.ts';
import { replayCommand, simulatedDay } from './day.ts';
import { DRIVERS, openSender } from './drivers.ts';

const SEEDS = { memory: sized(60, 2_000), sqlite: sized(5, 100) } as const;
/** Of these the mutant breaks several. */
const MUTANT_SEEDS = 20;

describe('a simulated day', () => {
  for (const name of ['memory', 'sqlite'] as const) {
    it(`keeps every promise on the ${name} driver, whatever the seed`, async () => {
      const broken: string[] = [];
      for (let seed = 1; seed <= SEEDS[name]; seed += 1) {
        const day = await simulatedDay({ seed, driver: DRIVERS[name], openSender });
        if (day.broken !== null) broken.push(`${day.broken}\n  replay: ${replayCommand(name, seed)}`);
      }
      assert.equal(broken.length, 0, `${broken.length} of ${SEEDS[name]} days:\n${broken.join('\n')}`);
    });
  }

  describe('of a mutant', () => {
    let copy: string;
    before(() => (copy = copyOfTree(ROOT)));
    after(() => rmSync(copy, { recursive: true, force: true }));

    it('that breaks a promise is replayed by the command it prints, with the same trace', async () => {
      const [mutant] = listMutants(['01-answer-before-commit']);
      assert.ok(mutant !== undefined);
      mutate(copy, mutant);
      const search = await runNode(copy, ['test/simulation/run.ts', '--seeds', String(MUTANT_SEEDS)]);
      const first = /^seed (\d+) on memory: (.*)\n  replay: npm run simulate -- (.*)\n  trace hash ([0-9a-f]+)$/m.exec(
        search.output,
      );
      assert.ok(first !== null, `a mutant breaks some day of ${MUTANT_SEEDS}: ${search.output}`);
      const [, , promise = '', replay = '', hash] = first;
      for (let run = 0; run < 2; run += 1) {
        const { code, output } = await runNode(copy, ['test/simulation/run.ts', ...replay.split(' ')]);
        assert.equal(code, 1, 'a replayed day fails again');
        assert.ok(output.includes(promise), 'a replayed day breaks the same promise');
        assert.equal(/^  trace hash (.*)$/m.exec(output)?.[1], hash, 'a replayed day has the same trace');
      }
    });
  });
});
