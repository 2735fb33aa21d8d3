import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkId, checkText, ID_MAX_BYTES } from './id-rules.ts';

describe('ids', () => {
  it('accepts what can be addressed in a path again (field case 16)', () => {
    for (const id of [
      'a b',
      ' a',
      'a%2Fb',
      'ü',
      'e\u0301',
      '\u00e9',
      '{tenant_id}',
      '...',
      'a\\b',
      '🚀',
      'x'.repeat(ID_MAX_BYTES),
    ]) {
      assert.equal(checkId(id), null, JSON.stringify(id));
    }
  });

  it('refuses what can not be addressed, and says why (field cases 16 and 21)', () => {
    assert.equal(checkId(''), 'must not be empty');
    assert.equal(checkId('a/b'), 'must not contain a slash');
    assert.equal(checkId('.'), 'must not be a dot segment');
    assert.equal(checkId('..'), 'must not be a dot segment');
    assert.equal(checkId('a\0'), 'must not contain control characters');
    assert.equal(checkId('a\nb'), 'must not contain control characters');
    assert.equal(checkId('\u0085'), 'must not contain control characters');
    assert.equal(checkId('\ud83d'), 'must be well-formed Unicode');
  });

  it('counts the length in UTF-8 bytes', () => {
    assert.equal(checkId('é'.repeat(127)), null);
    assert.equal(checkId('é'.repeat(128)), 'must be at most 255 bytes');
  });
});

describe('texts of metadata and settings', () => {
  it('may hold anything but U+0000 and lone surrogates (field case 21)', () => {
    assert.equal(checkText('a\nb\u001b\u2028🚀'), null);
    assert.equal(checkText('a\0'), 'must not contain U+0000');
    assert.equal(checkText('\udc00'), 'must be well-formed Unicode');
  });
});
