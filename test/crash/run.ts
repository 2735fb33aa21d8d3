/** `npm run crash -- --runs N [--seed S] [--kills K]`: the kill test at full size, with a line per kill. */
import { parseArgs } from 'node:util';
import { hangingRun, killRun } from './kill-run.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    kills: { type: 'string', default: '10' },
  },
});
const say = (line: string): void => console.log(line);
for (let run = 0; run < Number(values.runs); run += 1) {
  const seed = Number(values.seed) + run;
  const plan = { kills: Number(values.kills), waitingMin: 500, inFlightMin: 50 };
  const verdict = await killRun(seed, plan, say);
  console.log(`run ${seed}: ${JSON.stringify(verdict)}`);
}
console.log(`hanging: ${JSON.stringify(await hangingRun(20, 200, say))}`);
