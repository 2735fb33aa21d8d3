/**
 * `npm run simulate -- --seeds N [--driver memory|sqlite]`: N simulated days; a failing one prints the command that
 * replays it. `--seed S` runs one day, `--trace` prints what happened in it.
 */
import { parseArgs } from 'node:util';
import { DRIVERS, openSender } from './drivers.ts';
import { replayCommand, simulatedDay } from './day.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string' },
    driver: { type: 'string', default: 'memory' },
    trace: { type: 'boolean', default: false },
  },
});

const driver = DRIVERS[values.driver as keyof typeof DRIVERS];
if (driver === undefined) throw new Error(`--driver takes one of: ${Object.keys(DRIVERS).join(', ')}`);
const first = values.seed === undefined ? 1 : Number(values.seed);
const count = values.seed === undefined ? Number(values.seeds) : 1;
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count))
  throw new Error('--seeds and --seed take whole numbers');

let failures = 0;
for (let seed = first; seed < first + count; seed += 1) {
  const day = await simulatedDay({ seed, driver, openSender });
  if (values.trace && day.trace !== null) console.log(day.trace.lines.join('\n'));
  if (day.broken !== null) {
    failures += 1;
    console.log(`seed ${seed} on ${driver.name}: ${day.broken}`);
    console.log(`  replay: ${replayCommand(driver.name, seed)}`);
  }
  if (values.seed !== undefined || day.broken !== null) {
    console.log(`  trace hash ${day.trace?.hash() ?? 'none: the day did not come to its end'}`);
  }
}
console.log(`${count - failures} passed, ${failures} failed, 0 skipped`);
process.exitCode = failures === 0 ? 0 : 1;
