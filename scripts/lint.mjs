/**
 * `npm run lint`: oxlint with types, prettier, the import rules, knip and what no tool checks. Every step runs and every
 * finding is shown, whichever step fails.
 *
 * The import rules are trusted only if they saw every file: dependency-cruiser that can't parse TypeScript cruises no
 * module, prints that it found no violation and exits with 0.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkText } from './text-rules.ts';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');

const BIN = join(root, 'node_modules', '.bin');
/** The tools run on the pinned node too: an older one knows no `node:sqlite`, for instance. */
const env = { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH}` };

const STEPS = [
  {
    name: 'oxlint',
    check: () => runTool('oxlint', ['--type-aware', '--deny-warnings', '--report-unused-disable-directives']),
  },
  { name: 'prettier', check: () => runTool('prettier', ['--check', '--log-level', 'warn', '.']) },
  { name: 'import rules', check: checkImports },
  { name: 'knip', check: () => runTool('knip', ['--no-progress', '--no-config-hints']) },
  { name: 'text rules', check: checkTexts },
  { name: 'types of the client', check: checkClientTypes },
];

process.exitCode = main();

function main() {
  const failed = [];
  for (const step of STEPS) {
    const startedAt = performance.now();
    const isFine = step.check();
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    console.log(`${seconds.padStart(6)} s  ${step.name}: ${isFine ? 'ok' : 'FAILED'}`);
    if (!isFine) failed.push(step.name);
  }
  if (failed.length > 0) console.log(`lint failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

function runTool(name, args) {
  const result = spawnSync(join(BIN, name), args, { cwd: root, env, stdio: 'inherit' });
  if (result.error) console.log(result.error.message);
  return result.status === 0;
}

function checkImports() {
  const result = spawnSync(
    join(BIN, 'depcruise'),
    ['src', '--config', '.dependency-cruiser.mjs', '--output-type', 'json'],
    {
      cwd: root,
      env,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  let output;
  try {
    output = JSON.parse(result.stdout);
  } catch {
    console.log(result.stdout, result.stderr);
    return false;
  }
  for (const { from, to, rule, cycle } of output.summary.violations) {
    console.log(`${rule.name}: ${from} → ${cycle ? cycle.map((step) => step.name).join(' → ') : to}`);
    console.log(`    ${output.summary.ruleSetUsed.forbidden.find((one) => one.name === rule.name)?.comment ?? ''}`);
  }
  const cruised = new Set(output.modules.map((module) => module.source));
  const missed = globSync('src/**/*.ts', { cwd: root }).filter((file) => !cruised.has(file.replaceAll('\\', '/')));
  if (missed.length > 0) console.log(`${missed.length} files were not cruised, such as ${missed[0]}`);
  return output.summary.violations.length === 0 && missed.length === 0;
}

/** The client's types are made from the server's document; a change of the one without the other is found here. */
function checkClientTypes() {
  return runTool('node', ['scripts/sdk-types.ts', '--check']);
}

function checkTexts() {
  const files = globSync(['*.md', '{src,test,bench,scripts,docs,sdk}/**/*.{ts,mts,mjs,sql,md}', '.ci/*'], {
    cwd: root,
    exclude: (name) => /fixtures|node_modules/.test(String(name)),
  });
  const problems = files.flatMap((file) => checkText(file, readFileSync(join(root, file), 'utf8')));
  for (const problem of problems) console.log(problem);
  return problems.length === 0;
}
