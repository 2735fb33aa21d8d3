import { describe, it } from 'node:test';
import { sized } from '../support/sizes.ts';
import { hangingRun, killRun } from './kill-run.ts';

const RUNS = sized(1, 3);
const PLAN = { kills: sized(2, 10), waitingMin: sized(100, 500), inFlightMin: sized(20, 50) };

describe('a server killed under load', () => {
  for (let seed = 1; seed <= RUNS; seed += 1) {
    it(`loses nothing that it acknowledged and repeats only what was in flight (run ${seed})`, async (test) => {
      const verdict = await killRun(seed, PLAN, (line) => test.diagnostic(line));
      test.diagnostic(JSON.stringify(verdict));
    });
  }

  it('loses nothing in kills in a row with requests open at a receiver that hangs', async (test) => {
    await hangingRun(sized(2, 20), sized(30, 200), (line) => test.diagnostic(line));
  });
});
