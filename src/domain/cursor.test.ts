import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CursorKind, decodeCursor, encodeCursor } from './cursor.ts';

describe('cursors', () => {
  const kind = fc.constantFrom<CursorKind>('tnt', 'evt', 'att');

  it('lead back to the position they were made of', () => {
    const timeMs = fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 });
    fc.assert(
      fc.property(kind, timeMs, fc.maxSafeNat(), (made, ms, seq) => {
        const text = encodeCursor(made, ms, seq);
        assert.match(text, /^[0-9a-zA-Z]{10,80}$/);
        assert.deepEqual(decodeCursor(made, text), { timeMs: ms, seq });
      }),
      { numRuns: 300 },
    );
  });

  it('are written as the original writes them', () => {
    // The documented `evtv01:1767323045000::evt_123` with a number for the id.
    assert.equal(encodeCursor('evt', 1_767_323_045_000, 7), 'gr7DR4WxPOTbGuoNwEXuuGwaBvCEia3');
  });

  it('are of one kind', () => {
    for (const [made, asked] of [
      ['evt', 'att'],
      ['att', 'evt'],
      ['tnt', 'evt'],
    ] as const) {
      assert.equal(decodeCursor(asked, encodeCursor(made, 1, 2)), 'invalid');
    }
  });

  it('of another version are told from garbage', () => {
    assert.equal(decodeCursor('evt', 'lbOiENByivYG5ug0ityqdTlZeJXPPFWQzdIh3bB'), 'version');
    assert.equal(decodeCursor('tnt', 'gC02baKQGvHevPeaFShZxHZe3i8'), 'version');
    assert.equal(decodeCursor('att', 'gC02baKQGvHevPeaFShZxHZe3i8'), 'invalid');
  });

  it('with another position are invalid, those of the original too', () => {
    const others = ['2Kqgnp6i9p1mO7', 'gC02baKQeaZ24QxomtGzEM9jPsA'];
    for (const text of others) assert.equal(decodeCursor('tnt', text), 'invalid');
    assert.equal(decodeCursor('evt', 'lbOiENBxD2DlaUsw0NUssvL6JF7agrGShzUikxl'), 'invalid');
    assert.equal(decodeCursor('att', 'klUKq7oxaSbU4GE6tQZALvTaSIziPRC5xFM95QL'), 'invalid');
    assert.equal(decodeCursor('evt', encodeCursor('evt', 9e15, 1)), 'invalid');
    assert.equal(decodeCursor('evt', encodeCursor('evt', 1, 2 ** 53)), 'invalid');
    assert.equal(decodeCursor('evt', encodeCursor('evt', 1.5, 1)), 'invalid');
  });

  it('that are garbage are invalid', () => {
    for (const text of ['', '!!!', 'abc', '0', 'ž', ' '.repeat(10), 'Z'.repeat(512), 'Z'.repeat(1_000_000)]) {
      assert.equal(decodeCursor('evt', text), 'invalid', text.slice(0, 20));
    }
    fc.assert(
      fc.property(kind, fc.string({ maxLength: 100 }), (asked, text) => decodeCursor(asked, text) === 'invalid'),
    );
  });
});
