import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';

const CHECKOUT = resolve(import.meta.dirname, '..');

/** Imports that must be refused, each by the rule of that name. */
const REFUSED: readonly (readonly [from: string, to: string, rule: string])[] = [
  ['src/lib/a.ts', 'src/domain/thing.ts', 'lib-imports'],
  ['src/domain/a.ts', 'src/ports/thing.ts', 'domain-imports'],
  ['src/ports/a.ts', 'src/publish/thing.ts', 'ports-imports'],
  ['src/publish/a.ts', 'src/stores/memory/thing.ts', 'tenants-publish-delivery-history-alerts-imports'],
  ['src/publish/b.ts', 'src/delivery/thing.ts', 'use-cases-apart'],
  ['src/api/a.ts', 'src/net/thing.ts', 'api-imports'],
  ['src/net/a.ts', 'src/publish/thing.ts', 'stores-destinations-net-telemetry-imports'],
  ['src/destinations/webhook/a.ts', 'src/net/thing.ts', 'adapters-apart'],
  ['src/stores/sqlite/a.ts', 'src/stores/memory/thing.ts', 'drivers-apart'],
  ['src/destinations/webhook/verify.ts', 'src/lib/thing.ts', 'verify-is-independent'],
  ['src/api/b.ts', 'src/compose.ts', 'compose-is-the-top'],
  ['src/delivery/b.ts', 'test/support/thing.ts', 'no-test-code'],
];
/** Imports that must be allowed. */
const ALLOWED: readonly (readonly [from: string, to: string])[] = [
  ['src/domain/c.ts', 'src/lib/thing.ts'],
  ['src/publish/c.ts', 'src/ports/thing.ts'],
  ['src/publish/d.ts', 'src/delivery/use-cases.ts'],
  ['src/api/c.ts', 'src/publish/thing.ts'],
  ['src/cli/c.ts', 'src/compose.ts'],
  ['src/stores/sqlite/c.ts', 'src/stores/thing.ts'],
  ['src/publish/c.test.ts', 'test/support/thing.ts'],
];

describe('the import rules', () => {
  let root: string;
  let violations: readonly { from: string; to: string; rule: { name: string } }[];
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'outpost-imports-test-'));
    for (const [from, to] of [...REFUSED, ...ALLOWED]) {
      write(to, 'export const thing = 1;\n');
      const path = `${'../'.repeat(from.split('/').length - 1)}${to}`;
      write(from, `import { thing } from '${path}';\nexport const used = thing;\n`);
    }
    write('src/lib/first.ts', "import { second } from './second.ts';\nexport const first = (): unknown => second;\n");
    write('src/lib/second.ts', "import { first } from './first.ts';\nexport const second = (): unknown => first;\n");
    write('src/domain/reads.ts', "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n");
    write('src/lib/proves.ts', "import fc from 'fast-check';\nexport const prove = fc;\n");
    for (const name of ['.dependency-cruiser.mjs', 'package.json', 'tsconfig.json']) {
      cpSync(join(CHECKOUT, name), join(root, name));
    }
    symlinkSync(join(CHECKOUT, 'node_modules'), join(root, 'node_modules'));
    const tool = join(CHECKOUT, 'node_modules', '.bin', 'depcruise');
    const result = spawnSync(tool, ['src', '--config', '.dependency-cruiser.mjs', '--output-type', 'json'], {
      cwd: root,
      encoding: 'utf8',
    });
    violations = JSON.parse(result.stdout).summary.violations;
  });
  after(() => rmSync(root, { recursive: true }));

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  const rulesBrokenBy = (from: string): readonly string[] =>
    violations.filter((violation) => violation.from === from).map((violation) => violation.rule.name);

  for (const [from, to, rule] of REFUSED) {
    it(`refuse ${from} → ${to}`, () => assert.ok(rulesBrokenBy(from).includes(rule), String(rulesBrokenBy(from))));
  }
  for (const [from, to] of ALLOWED) {
    it(`allow ${from} → ${to}`, () => assert.deepEqual(rulesBrokenBy(from), []));
  }

  it('refuse a cycle', () => assert.ok(rulesBrokenBy('src/lib/first.ts').includes('no-cycles')));
  it('refuse files in the domain', () => assert.ok(rulesBrokenBy('src/domain/reads.ts').includes('domain-is-pure')));
  it('refuse a development dependency in what is shipped', () =>
    assert.ok(rulesBrokenBy('src/lib/proves.ts').includes('no-development-dependencies')));
});
