import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkTestSource, layerOf } from './test-files.ts';

describe('checkTestSource', () => {
  it('accepts one name under two suites', () => {
    const source = "describe('a', () => { it('x', f); }); describe('b', () => { it('x', f); });";
    assert.deepEqual(checkTestSource('f.test.ts', source), []);
  });

  it('refuses a name given twice in one suite', () => {
    const source = "describe('a', () => {\n  it('x', f);\n  it('x', f);\n});";
    assert.deepEqual(checkTestSource('f.test.ts', source), ['f.test.ts:3 repeats the name of line 2: a › x']);
  });

  it('refuses only and todo, as a method and as an option', () => {
    for (const call of ["it.only('x', f)", "describe.only('x', f)", "it('x', { only: true }, f)", "it.todo('x')"]) {
      assert.equal(checkTestSource('f.test.ts', call).length, 1, call);
    }
  });

  it('looks at code, not at texts', () => {
    assert.deepEqual(checkTestSource('f.test.ts', "it('x', () => run(\"it.only('y')\"));"), []);
  });
});

describe('layerOf', () => {
  for (const [file, layer] of [
    ['src/domain/topics.test.ts', 'unit'],
    ['src/stores/sqlite/open.test.ts', 'conformance'],
    ['test/e2e/publish.test.ts', 'e2e'],
    ['test/support/reporter.test.ts', 'unit'],
    ['scripts/test-files.test.ts', 'unit'],
  ] as const) {
    it(`puts ${file} into ${layer}`, () => assert.equal(layerOf(file), layer));
  }
});
