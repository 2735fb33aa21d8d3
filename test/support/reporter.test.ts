import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const RUNNER = join(import.meta.dirname, '..', '..', 'scripts', 'run-tests.mjs');
const HEAD = "import { after, describe, it } from 'node:test';\n";

/** Runs the runner over a checkout that has only these files. */
function runTests(
  root: string,
  files: Readonly<Record<string, string>>,
  options: { ci?: boolean; args?: string[] } = {},
) {
  rmSync(join(root, 'src'), { recursive: true, force: true });
  mkdirSync(join(root, 'src'), { recursive: true });
  for (const [name, body] of Object.entries(files)) writeFileSync(join(root, 'src', name), HEAD + body);
  // NODE_TEST_CONTEXT tells a test process that it is one; the runner under test is not.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const result = spawnSync(process.execPath, [RUNNER, ...(options.args ?? [])], {
    encoding: 'utf8',
    env: { ...env, TEST_ROOT: root, CI: options.ci === true ? 'true' : '' },
  });
  const lines = result.stdout.trimEnd().split('\n');
  return { code: result.status, last: lines.at(-1), stdout: result.stdout, stderr: result.stderr };
}

describe('the test runner', () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'outpost-runner-test-'));
    writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  });
  after(() => rmSync(root, { recursive: true }));

  it('ends with the counts and exits with 0 when all pass, suites not counted', () => {
    const result = runTests(root, { 'a.test.ts': "describe('s', () => { it('p', () => {}); it('q', () => {}); });" });
    assert.deepEqual([result.code, result.last], [0, '2 passed, 0 failed, 0 skipped']);
  });

  it('prints a failure in full with its suites, its stack and what the file printed', () => {
    const body =
      "describe('s', () => { it('f', () => { console.log('said'); throw new Error('broken promise'); }); });";
    const result = runTests(root, { 'a.test.ts': body });
    assert.deepEqual([result.code, result.last], [1, '0 passed, 1 failed, 0 skipped']);
    assert.match(result.stdout, /failed: s › f .*a\.test\.ts/);
    assert.match(result.stdout, /Error: broken promise\n\s+at /);
    assert.match(result.stdout, /printed by .*\n.*said/);
  });

  it('counts a skipped test and a skipped suite, and fails for them only with CI=true', () => {
    const files = {
      'a.test.ts': "it('p', () => {}); it.skip('k', () => {}); describe.skip('s', () => { it('q', () => {}); });",
    };
    const local = runTests(root, files);
    assert.deepEqual([local.code, local.last], [0, '1 passed, 0 failed, 2 skipped']);
    const ci = runTests(root, files, { ci: true });
    assert.deepEqual([ci.code, ci.last], [1, '1 passed, 0 failed, 2 skipped']);
  });

  it('fails for a file that throws while it loads, after its tests, or in a hook of a suite', () => {
    for (const body of [
      "it('p', () => {}); throw new Error('x');",
      "it('p', () => {}); after(() => { throw new Error('x'); });",
      "describe('s', () => { it('p', () => {}); after(() => { throw new Error('x'); }); });",
      "it('p', () => {}); process.on('exit', () => { process.exitCode = 3; });",
    ]) {
      const result = runTests(root, { 'a.test.ts': body });
      assert.equal(result.code, 1, body);
      assert.match(result.last ?? '', /^\d passed, [1-9] failed, 0 skipped$/, body);
    }
  });

  it('fails for a file without tests and for a run without files', () => {
    const empty = runTests(root, { 'a.test.ts': 'void it;' });
    assert.deepEqual([empty.code, empty.last], [1, '0 passed, 1 failed, 0 skipped']);
    const none = runTests(root, {});
    assert.deepEqual([none.code, none.last], [1, '0 passed, 0 failed, 0 skipped']);
  });

  it('runs nothing when a name is repeated, and says where', () => {
    const result = runTests(root, { 'a.test.ts': "it('p', () => {});\nit('p', () => {});" });
    assert.equal(result.code, 1);
    assert.match(result.stderr, /src\/a\.test\.ts:3 repeats the name of line 2: p/);
  });

  it('runs the files it is given, and names the layers when there is no such one', () => {
    const files = { 'a.test.ts': "it('p', () => {});", 'b.test.ts': "it('q', () => { throw new Error('x'); });" };
    assert.equal(runTests(root, files, { args: ['src/a.test.ts'] }).code, 0);
    const unknown = runTests(root, files, { args: ['unti'] });
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /no test layer or test file "unti"\. Layers: unit\./);
  });
});
