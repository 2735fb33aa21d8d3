/** Every mutant in CI, two quick ones at a desk, and that the runner itself takes nothing else for a catch. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { sized } from '../support/sizes.ts';
import { runMutant } from './mutant-run.ts';
import { listMutants, ROOT } from './mutants.ts';
import { applyHunks, parseMutant, PatchError } from './patch.ts';

const mutants = listMutants();

describe('mutants', () => {
  for (const mutant of mutants.slice(0, sized(2, mutants.length))) {
    it(`${mutant.name} is caught: ${mutant.promise}`, async () => {
      const verdict = await runMutant(ROOT, mutant);
      assert.ok(verdict.isCaught, verdict.isCaught ? '' : verdict.why);
    });
  }

  it('have a promise each, and a number of their own', () => {
    const numbers = mutants.map(({ name }) => name.slice(0, 2));
    assert.ok(numbers.length > 0 && numbers.every((number) => /^\d\d$/.test(number)));
    assert.equal(new Set(numbers).size, numbers.length);
  });
});

describe('the mutant runner', () => {
  const root = mkdtempSync(join(tmpdir(), 'outpost-mutant-test-'));
  after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'src'));
  const lines = ['export const first = 1;', 'export const answer = 42;', 'export const last = 3;'];
  writeFileSync(join(root, 'src', 'answer.ts'), `${lines.join('\n')}\n`);
  writeFileSync(
    join(root, 'src', 'check.ts'),
    [
      "import assert from 'node:assert/strict';",
      "import { answer } from './answer.ts';",
      "assert.equal(answer, 42, 'the answer is kept');",
    ].join('\n'),
  );

  /** A mutant that puts `line` in the place of the answer. */
  const mutant = (line: string, more: { promise?: string; removed?: string } = {}) =>
    parseMutant(
      '00-test',
      [
        `promise: ${more.promise ?? 'the answer is kept'}`,
        'command: src/check.ts',
        '--- a/src/answer.ts',
        '+++ b/src/answer.ts',
        '@@ -90,3 +90,3 @@',
        ' export const gone = 0;',
        `-${more.removed ?? 'export const answer = 42;'}`,
        `+${line}`,
        ' export const last = 3;',
        '',
      ].join('\n'),
    );
  const why = async (...args: Parameters<typeof mutant>): Promise<string> => {
    const verdict = await runMutant(root, mutant(...args), 20_000);
    return verdict.isCaught ? 'caught' : verdict.why;
  };

  it('counts an assertion that names the promise as caught', async () => {
    assert.equal(await why('export const answer = 41;'), 'caught');
  });

  it('does not count a mutation that nothing notices', async () => {
    assert.match(await why('export const answer = 40 + 2;'), /goes unnoticed/);
  });

  it('does not count a crash, nor an assertion that says something else', async () => {
    assert.match(await why('export const answer = ;'), /no assertion says "the answer is kept"/);
    assert.match(await why('throw new Error("the answer is kept");'), /no assertion says/);
    assert.match(await why('export const answer = 41;', { promise: 'something else' }), /no assertion says/);
  });

  it('does not count a patch that does not fit', async () => {
    assert.match(await why('', { removed: 'export const answer = 43;' }), /does not fit src\/answer\.ts/);
  });

  it('does not count a command that hangs', async () => {
    const verdict = await runMutant(root, mutant('setInterval(() => {}, 1_000); export const answer = 42;'), 1_000);
    assert.ok(!verdict.isCaught && verdict.why === 'not done after 1 s');
  });

  it('refuses a hunk that fits two places', () => {
    const hunk = { before: [], removed: ['a'], added: ['b'], after: [] };
    assert.equal(applyHunks('x\na\nc\n', { path: 'p', hunks: [hunk] }), 'x\nb\nc\n');
    assert.throws(() => applyHunks('a\na\n', { path: 'p', hunks: [hunk] }), PatchError);
  });
});
