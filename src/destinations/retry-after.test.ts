import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DELAY_MAX_MS } from '../domain/retry-schedule.ts';
import { retryAfterMs } from './retry-after.ts';

const NOW = Date.UTC(2026, 10, 25, 10, 0, 0);

describe('Retry-After (field case 1)', () => {
  it('takes digits as seconds', () => {
    assert.equal(retryAfterMs('0', NOW), 0);
    assert.equal(retryAfterMs('120', NOW), 120_000);
    assert.equal(retryAfterMs(' 007\t', NOW), 7_000);
    assert.equal(retryAfterMs(['5'], NOW), 5_000);
  });

  it('takes the three forms of an HTTP date', () => {
    assert.equal(retryAfterMs('Wed, 25 Nov 2026 10:01:30 GMT', NOW), 90_000);
    assert.equal(retryAfterMs('Wednesday, 25-Nov-26 10:01:30 GMT', NOW), 90_000);
    assert.equal(retryAfterMs('Wed Nov 25 10:01:30 2026', NOW), 90_000);
    assert.equal(retryAfterMs('Tue Dec  1 10:00:00 2026', Date.UTC(2026, 10, 30, 10)), 24 * 3_600_000);
  });

  it('answers 0 for a time that is past', () => {
    assert.equal(retryAfterMs('Wed, 25 Nov 2026 09:59:59 GMT', NOW), 0);
    assert.equal(retryAfterMs('Sunday, 06-Nov-94 08:49:37 GMT', NOW), 0);
  });

  it('caps what is asked for', () => {
    assert.equal(retryAfterMs('99999999999999999999', NOW), DELAY_MAX_MS);
    assert.equal(retryAfterMs('Fri, 25 Nov 2050 10:00:00 GMT', NOW), DELAY_MAX_MS);
  });

  it('counts anything else as absent', () => {
    const others = ['-3', '+3', '1.5', '120junk', '3e1', '0x10', '', ' ', '2026-12-01T00:00:00Z', 'soon'];
    const dates = [
      'Wed, 31 Nov 2026 10:00:00 GMT',
      'Wed, 25 Nov 2026 24:00:00 GMT',
      'Wed, 25 Nov 2026 10:01:30 UTC',
      'wed, 25 nov 2026 10:01:30 gmt',
      'Wed, 25 Nov 2026 10:01:30 GMT, 5',
    ];
    for (const text of [...others, ...dates]) assert.equal(retryAfterMs(text, NOW), null, JSON.stringify(text));
    assert.equal(retryAfterMs(undefined, NOW), null);
    assert.equal(retryAfterMs(['1', '2'], NOW), null);
    assert.equal(retryAfterMs('1, 2', NOW), null);
  });
});
