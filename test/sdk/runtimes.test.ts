/** The built package on the other runtimes: portable-suite.mjs runs in each of them, and what it saw is judged here. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureRuntime } from '../../scripts/runtimes.mjs';
import { judge, type PortableWorld, portableWorld, type Seen } from './portable-world.ts';

const PROGRAM = fileURLToPath(new URL('run-suite.mjs', import.meta.url));

const COMMANDS: Readonly<Record<string, () => readonly string[] | null>> = {
  'Node 20': () => commandOf(ensureRuntime('Node 20')),
  [`Node ${process.versions.node.split('.')[0]}`]: () => [process.execPath],
  Deno: () => commandOf(ensureRuntime('Deno'), 'run', '--allow-net', '--allow-read', '--no-lock', '--no-config'),
  Bun: () => commandOf(ensureRuntime('Bun'), 'run'),
};

function commandOf(binary: string | null, ...args: readonly string[]): readonly string[] | null {
  return binary === null ? null : [binary, ...args];
}

describe('the built client', () => {
  let world: PortableWorld;
  before(async () => {
    world = await portableWorld();
  });
  after(() => world.close());

  async function run([binary = '', ...args]: readonly string[]): Promise<Seen> {
    const { folder } = world;
    const task = { ...(await world.task()), sdk: pathToFileURL(join(folder, 'outpost-sdk.js')).href };
    const child = spawn(binary, [...args, PROGRAM, JSON.stringify(task)], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [[code], output, errors] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
    assert.equal(code, 0, errors);
    return JSON.parse(output) as Seen;
  }

  for (const [name, command] of Object.entries(COMMANDS)) {
    it(`works on ${name}`, async (test) => {
      const found = command();
      if (found === null) return test.skip(`${name} could not be installed; try: node scripts/runtimes.mjs`);
      judge(await run(found), (line) => test.diagnostic(line));
    });
  }
});
