import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StringMap } from '../../domain/json.ts';
import type { Role } from '../../ports/provider.ts';
import { prepareSecrets, shownSecrets } from './secrets.ts';

const NOW_MS = Date.parse('2026-01-02T03:04:05.678Z');
const TOMORROW = '2026-01-03T03:04:05Z';
const LATER = '2099-01-01T00:00:00Z';
const GENERATED = /^whsec_[0-9a-f]{64}$/;

const settings = (credentials: StringMap) => ({ config: {}, credentials, deliveryMetadata: null });
let seed = 0;
const randomBytes = (size: number): Uint8Array => new Uint8Array(size).fill((seed += 1));

/** The credentials to store, or `field rule` of the problem. */
function result(prepared: ReturnType<typeof prepareSecrets>): StringMap | string {
  return prepared.ok ? prepared.credentials : `${prepared.problem.field} ${prepared.problem.rule}`;
}

function create(credentials: StringMap, role: Role = 'admin'): StringMap | string {
  const request = { settings: settings(credentials), current: null, requested: credentials, role, nowMs: NOW_MS };
  return result(prepareSecrets({ ...request, randomBytes }));
}

/** @param removed keys that the patch sets to null */
function patch(
  stored: StringMap,
  requested: StringMap | null,
  more: { role?: Role; removed?: readonly string[]; clear?: boolean } = {},
): StringMap | string {
  const merged = more.clear === true ? {} : { ...stored, ...requested };
  const kept = Object.entries(merged).filter(([key]) => more.removed?.includes(key) !== true);
  return result(
    prepareSecrets({
      settings: settings(Object.fromEntries(kept)),
      current: settings(stored),
      requested,
      role: more.role ?? 'admin',
      nowMs: NOW_MS,
      randomBytes,
    }),
  );
}

describe('a webhook secret at create', () => {
  it('is generated where none is given, for operators and tenants', () => {
    for (const role of ['admin', 'tenant'] as const) {
      for (const given of [{}, { secret: '' }, { rotate_secret: 'false' }, { junk: 'x' }]) {
        const made = create(given as StringMap, role) as StringMap;
        assert.match(made['secret'] ?? '', GENERATED);
        assert.deepEqual(Object.keys(made), ['secret']);
      }
    }
    assert.notDeepEqual(create({}), create({}));
  });

  it('may be given by the operator, with a previous one and its end', () => {
    assert.deepEqual(create({ secret: 's', junk: 'x' }), { secret: 's' });
    const whole = { secret: 'a', previous_secret: 'b', previous_secret_invalid_at: '2020-01-01T00:00:00Z' };
    assert.deepEqual(create(whole), whole);
  });

  it('is refused to tenants once it is well-formed', () => {
    assert.equal(create({ secret: 's' }, 'tenant'), 'credentials.secret forbidden');
    assert.equal(create({ previous_secret: 'p' }, 'tenant'), 'credentials.secret required');
    assert.equal(create({ previous_secret_invalid_at: LATER }, 'tenant'), 'credentials.secret required');
    const noDate = { secret: 's', previous_secret: 'p' };
    assert.equal(create(noDate, 'tenant'), 'credentials.previous_secret_invalid_at required');
    const whole = { ...noDate, previous_secret_invalid_at: LATER };
    assert.equal(create(whole, 'tenant'), 'credentials.secret forbidden');
  });

  it('is refused where its parts do not belong together', () => {
    assert.equal(create({ previous_secret: 'p' }), 'credentials.secret required');
    assert.equal(create({ secret: 'a', previous_secret: 'p' }), 'credentials.previous_secret_invalid_at required');
    assert.equal(create({ secret: 'a', previous_secret_invalid_at: LATER }), 'credentials.previous_secret required');
    for (const date of ['nope', '2099-01-01', '2099-01-01T00:00:00', '2099-01-01t00:00:00z', '2025-02-30T00:00:00Z']) {
      const given = { secret: 'a', previous_secret: 'b', previous_secret_invalid_at: date };
      assert.equal(create(given), 'credentials.previous_secret_invalid_at pattern', date);
    }
  });

  it('can not be rotated', () => {
    assert.equal(create({ rotate_secret: 'true' }), 'credentials.rotate_secret invalid');
    assert.equal(create({ rotate_secret: 'YES' }, 'tenant'), 'credentials.rotate_secret invalid');
  });
});

describe('a webhook secret at a change by the tenant', () => {
  const stored = { secret: 'one', previous_secret: 'zero', previous_secret_invalid_at: LATER };

  it('stays when it comes back as read, is left out, emptied or removed', () => {
    const tenant = (requested: StringMap | null, more = {}) => patch(stored, requested, { role: 'tenant', ...more });
    assert.deepEqual(tenant(stored), stored);
    assert.deepEqual(tenant(null), stored);
    assert.deepEqual(tenant({ secret: '' }), stored);
    assert.deepEqual(tenant({}, { removed: ['secret'] }), stored);
    assert.deepEqual(tenant(null, { clear: true }), stored);
    assert.deepEqual(tenant({ junk: 'x', rotate_secret: 'no' }), stored);
  });

  it('is refused when it differs', () => {
    for (const key of ['secret', 'previous_secret', 'previous_secret_invalid_at']) {
      assert.equal(patch(stored, { [key]: 'other' }, { role: 'tenant' }), `credentials.${key} forbidden`);
    }
    assert.equal(
      patch({ secret: 'one' }, { previous_secret: 'x' }, { role: 'tenant' }),
      'credentials.previous_secret forbidden',
    );
  });
});

describe('a webhook secret at a change by the operator', () => {
  const stored = { secret: 'one', previous_secret: 'zero', previous_secret_invalid_at: LATER };

  it('is merged, and a previous one without an end signs for a day', () => {
    assert.deepEqual(patch({ secret: 'one' }, { secret: 'two', previous_secret: 'one' }), {
      secret: 'two',
      previous_secret: 'one',
      previous_secret_invalid_at: TOMORROW,
    });
    assert.deepEqual(patch(stored, { secret: 'two' }), { ...stored, secret: 'two' });
  });

  it('can be cleared, wholly or down to the current one', () => {
    assert.deepEqual(patch(stored, { previous_secret: '', previous_secret_invalid_at: '' }), { secret: 'one' });
    assert.deepEqual(patch(stored, null, { clear: true }), {});
    assert.deepEqual(patch({ secret: 'one' }, { secret: '' }), {});
  });

  it('is refused where what is left does not belong together', () => {
    assert.equal(patch(stored, { secret: '' }), 'credentials.secret required');
    assert.equal(
      patch({ secret: 'one' }, { previous_secret_invalid_at: LATER }),
      'credentials.previous_secret required',
    );
    assert.equal(patch(stored, { previous_secret_invalid_at: 'x' }), 'credentials.previous_secret_invalid_at pattern');
  });
});

describe('rotating a webhook secret', () => {
  const stored = { secret: 'one', previous_secret: 'zero', previous_secret_invalid_at: LATER };

  it('makes the current one the previous for a day, for operators and tenants', () => {
    for (const role of ['admin', 'tenant'] as const) {
      for (const word of ['true', 'TRUE', '1', 'on', 'Yes']) {
        const rotated = patch(stored, { rotate_secret: word, secret: 'ignored' }, { role }) as StringMap;
        assert.match(rotated['secret'] ?? '', GENERATED);
        const { secret: _new, ...rest } = rotated;
        assert.deepEqual(rest, { previous_secret: 'one', previous_secret_invalid_at: TOMORROW });
      }
    }
  });

  it('takes the end that the same request names, and no stored one', () => {
    const rotated = patch({ secret: 'one' }, { rotate_secret: '1', previous_secret_invalid_at: LATER }) as StringMap;
    assert.equal(rotated['previous_secret_invalid_at'], LATER);
    const again = patch(rotated, { rotate_secret: '1' }) as StringMap;
    assert.equal(again['previous_secret_invalid_at'], TOMORROW);
    assert.equal(again['previous_secret'], rotated['secret']);
  });

  it('does nothing for words that are not true', () => {
    for (const word of ['false', '0', 'off', 'no', '', 'x'])
      assert.deepEqual(patch(stored, { rotate_secret: word }), stored);
  });

  it('is refused without a secret or with a date that is none', () => {
    assert.equal(patch({}, { rotate_secret: '1' }), 'credentials.secret required');
    const badDate = { rotate_secret: '1', previous_secret_invalid_at: 'nope' };
    assert.equal(patch(stored, badDate), 'credentials.previous_secret_invalid_at pattern');
  });
});

describe('what is shown of a webhook secret', () => {
  it('leaves a previous one out once it signs no more', () => {
    const end = new Date(NOW_MS).toISOString();
    const credentials = { secret: 'a', previous_secret: 'b', previous_secret_invalid_at: end };
    assert.deepEqual(shownSecrets(credentials, NOW_MS), credentials);
    assert.deepEqual(shownSecrets(credentials, NOW_MS + 1), { secret: 'a' });
    assert.deepEqual(shownSecrets({ secret: 'a' }, NOW_MS), { secret: 'a' });
  });
});
