import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkText } from './text-rules.ts';

describe('checkText', () => {
  it('names file and line of an open end without an issue', () => {
    assert.deepEqual(checkText('a.ts', `fine\n// ${'TO'}DO later`), [
      'a.ts:2: an open end needs an issue: (#123) right behind the word',
    ]);
  });

  it('accepts an open end with an issue', () => {
    assert.deepEqual(checkText('a.ts', `// ${'TO'}DO(#12) later`), []);
  });

  it('refuses paths of one machine and conflict markers', () => {
    assert.equal(checkText('a.ts', `${'/wo'}rk/main/src`).length, 1);
    assert.equal(checkText('a.ts', `${'<<<<'}<<< main`).length, 1);
  });

  it('refuses a file beside the repository as a source, and accepts its name', () => {
    assert.deepEqual(checkText('a.ts', `/** By ${'../sha'}red/spec/api-v1.md §5. */`), [
      'a.ts:1: a path outside of the repository: cite it by name, such as `spec api-v1.md §5`',
    ]);
    assert.deepEqual(checkText('a.ts', `/** By spec api-v1.md §5, as ${'../sha'}red-things.ts does. */`), []);
  });

  it('accepts urls and relative paths', () => {
    assert.deepEqual(checkText('a.ts', 'https://example.com/home/page ../home/x'), []);
  });
});
