import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { SealError, secretBox } from './secret-box.ts';
import { secret } from './secret.ts';

/** Made once by the code under test, with an initialisation vector of zeros. */
const SEALED_GUEST = 'v1.043c1209.AAAAAAAAAAAAAAAAB4zPGmjJ4MEvkBBxJqI91dMeGipg';
const CHECK = 'f0ba27e3e23b0b68be0a7b02e09e945a5678754f518f9821d2b020ff403de4d7';

const box = secretBox('a long enough secret', randomBytes);

function reasonOf(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    assert(error instanceof SealError);
    return error.reason;
  }
  throw new assert.AssertionError({ message: 'it opened' });
}

describe('secretBox', () => {
  it('opens what it sealed, and what another box of the same secret sealed', () => {
    for (const plain of ['', 'guest', 'žluť 🔑', 'x'.repeat(10_000)]) {
      assert.equal(secretBox('a long enough secret', randomBytes).open(box.seal(plain, 'here'), 'here'), plain);
    }
  });

  it('writes version, key id and one unguessable text', () => {
    const sealed = box.seal('guest', 'here');
    assert.match(sealed, new RegExp(`^v1\\.${box.keyId}\\.[0-9A-Za-z_-]+$`));
    assert.notEqual(sealed, box.seal('guest', 'here'));
    assert.match(box.keyId, /^[0-9a-f]{8}$/);
  });

  it('keeps to its form, so that what is stored today opens tomorrow', () => {
    const fixed = secretBox('a long enough secret', (size) => new Uint8Array(size));
    assert.equal(fixed.seal('guest', 'here'), SEALED_GUEST);
    assert.equal(Buffer.from(fixed.check).toString('hex'), CHECK);
    assert.equal(box.open(SEALED_GUEST, 'here'), 'guest');
  });

  it('does not open in another place', () => {
    assert.equal(
      reasonOf(() => box.open(box.seal('guest', 'here'), 'there')),
      'tampered',
    );
  });

  it('does not open once any part of it was changed', () => {
    const sealed = box.seal('guest', 'here');
    const start = sealed.lastIndexOf('.') + 1;
    for (let at = start; at < sealed.length; at += 1) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
      assert.match(
        reasonOf(() => box.open(changed, 'here')),
        /^(tampered|malformed)$/,
      );
    }
  });

  it('accepts one spelling only', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // 32 bytes leave two bits of the last digit unused.
    const sealed = box.seal('gues', 'here');
    const respelled = sealed.slice(0, -1) + alphabet.charAt(alphabet.indexOf(sealed.at(-1) ?? '') + 1);
    assert.deepEqual(Buffer.from(respelled.slice(12), 'base64url'), Buffer.from(sealed.slice(12), 'base64url'));
    assert.equal(
      reasonOf(() => box.open(respelled, 'here')),
      'malformed',
    );
  });

  it('tells another secret and other texts from what was changed', () => {
    const other = secretBox('another secret', randomBytes);
    assert.equal(
      reasonOf(() => other.open(box.seal('guest', 'here'), 'here')),
      'other_key',
    );
    for (const text of [
      '',
      'guest',
      'v1.00000000.',
      `v1.${box.keyId}.AAAA`,
      `${box.seal('x', 'here')}=`,
      `v2.${box.keyId}.AAAA`,
    ]) {
      assert.equal(
        reasonOf(() => box.open(text, 'here')),
        'malformed',
        text,
      );
    }
  });

  it('derives unlike key ids and checks from unlike secrets', () => {
    const other = secretBox('a long enough secret ', randomBytes);
    assert.notEqual(other.keyId, box.keyId);
    assert.notDeepEqual(other.check, box.check);
    assert.equal(box.check.length, 32);
    assert(!Buffer.from(box.check).toString('hex').startsWith(box.keyId));
  });

  it('refuses an empty secret', () => {
    assert.throws(() => secretBox('', randomBytes), RangeError);
  });
});

describe('secret', () => {
  const value = secret('hunter2');

  it('gives its text when asked', () => assert.equal(value.reveal(), 'hunter2'));

  it('does not print itself', () => {
    const printed = [
      String(value),
      `${value}`,
      JSON.stringify({ value }),
      inspect({ value }, { showHidden: true, depth: 9 }),
    ];
    for (const text of printed) {
      assert(!text.includes('hunter2'));
      assert(text.includes('[secret]'));
    }
    assert.deepEqual(Object.keys(value), []);
    assert.equal(JSON.stringify({ ...value }), '{}');
  });
});
