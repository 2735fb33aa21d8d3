import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { loadConfig } from './load.ts';
import { configurationPage } from './reference.ts';
import { SETTING_NAMES, SETTINGS } from './settings.ts';
import { showChanges, showSettings } from './summary.ts';

const ENV = {
  API_KEY: 'an operator key of some length',
  API_JWT_SECRET: 'a token secret of some length',
  AES_ENCRYPTION_SECRET: 'an encryption secret of some length',
  RETRY_SCHEDULE: '5, 60',
  DELIVERY_TIMEOUT_SECONDS: '7',
  RETRY_INTERVAL_SECONDS: '9',
};

describe('showSettings', () => {
  it('has every setting in the unit of its variable, and no secret', () => {
    const shown = showSettings(loadConfig(ENV));
    assert.equal(shown.length, SETTING_NAMES.length);
    const byName = Object.fromEntries(shown.map(({ env, value, source }) => [env, [value, source]]));
    assert.deepEqual(byName['API_KEY'], ['***', 'environment']);
    assert.deepEqual(byName['RETRY_SCHEDULE'], ['5,60', 'environment']);
    assert.deepEqual(byName['DELIVERY_TIMEOUT_SECONDS'], ['7', 'environment']);
    assert.deepEqual(byName['RETRY_INTERVAL_SECONDS'], ['9', 'environment']);
    assert.deepEqual(byName['API_PORT'], ['3333', 'default']);
    assert.deepEqual(byName['METRICS_PORT'], ['', 'default']);
    assert.doesNotMatch(JSON.stringify(shown), /of some length/);
  });

  it('shows each default as it is written in the documentation', () => {
    const shown = showSettings(
      loadConfig({ ...ENV, RETRY_SCHEDULE: '', DELIVERY_TIMEOUT_SECONDS: '', RETRY_INTERVAL_SECONDS: '' }),
    );
    for (const [index, name] of SETTING_NAMES.entries()) {
      if (!SETTINGS[name].isSecret) assert.equal(shown[index]?.value, SETTINGS[name].shownDefault, name);
    }
  });
});

describe('showChanges', () => {
  it('has only what was set', () =>
    assert.deepEqual(Object.keys(showChanges(loadConfig(ENV))).sort(), Object.keys(ENV).sort()));
});

describe('docs/configuration.md', () => {
  it('is what `outpost config docs` prints', () => {
    const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    assert.equal(page, configurationPage());
  });
});
