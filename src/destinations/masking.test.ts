import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maskText } from './masking.ts';

describe('masking', () => {
  it('keeps the first four bytes of a long value and the length of all', () => {
    const vectors = [
      ['', ''],
      ['a', '*'],
      ['123456789', '*********'],
      ['1234567890', '1234******'],
      ['AKIAIOSFODNN7EXAMPLE', 'AKIA****************'],
      ['é23456789', 'é23******'],
      ['ééééé', 'éé******'],
    ] as const;
    for (const [text, masked] of vectors) assert.equal(maskText(text), masked);
  });

  it('does not cut a character in two', () => {
    assert.equal(maskText('abcé567890'), 'abc********');
    assert.equal(maskText('🚀🚀🚀'), '🚀********');
  });
});
