import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, it } from 'node:test';
import { StartError } from '../lib/errors.ts';
import { type Config, type Environment, type Loaded, loadConfig } from './load.ts';
import { SETTING_NAMES } from './settings.ts';

const SECRETS = {
  API_KEY: 'an operator key of some length',
  API_JWT_SECRET: 'a token secret of some length',
  AES_ENCRYPTION_SECRET: 'an encryption secret of some length',
};
const load = (env: Environment = {}): Loaded => loadConfig({ ...SECRETS, ...env });

function refusal(env: Environment): string {
  try {
    loadConfig(env);
  } catch (error) {
    assert.ok(error instanceof StartError);
    return error.message;
  }
  return assert.fail(`accepted: ${inspect(env)}`);
}

describe('loadConfig', () => {
  it('has a default for everything but the three secrets, and no warning then', () => {
    const { config, warnings, sources } = load();
    assert.deepEqual(warnings, []);
    assert.equal(config.apiPort, 3333);
    assert.equal(config.apiHost, '::');
    assert.equal(config.metricsPort, null);
    assert.equal(config.deliveryTimeoutMs, 5_000);
    assert.equal(config.maxDestinationsPerTenant, 20);
    assert.equal(config.publishUnknownTenant, 'accept');
    assert.equal(config.publishIdConflict, 'reject');
    assert.deepEqual(config.topics, []);
    assert.deepEqual(config.allowedNetworks, []);
    assert.equal(config.retryPolicy.delaysMs.length, 10);
    assert.deepEqual(config.retryPolicy.delaysMs.slice(0, 3), [30_000, 60_000, 120_000]);
    assert.deepEqual(Object.keys(sources).length, SETTING_NAMES.length);
  });

  it('takes an empty variable for one that is not set', () => {
    const { config, sources } = load({ API_PORT: '', TOPICS: '  ', LOG_LEVEL: '', METRICS_PORT: '' });
    assert.deepEqual([config.apiPort, config.topics, config.logLevel, config.metricsPort], [3333, [], 'info', null]);
    assert.equal(sources.apiPort, 'default');
  });

  const ACCEPTED: readonly (readonly [env: Environment, read: (config: Config) => unknown, expected: unknown])[] = [
    [{ API_PORT: '0' }, (c) => c.apiPort, 0],
    [{ API_PORT: ' 65535 ' }, (c) => c.apiPort, 65_535],
    [
      { API_CORS_ORIGINS: 'https://a.example, http://[::1]:8080' },
      (c) => c.apiCorsOrigins,
      ['https://a.example', 'http://[::1]:8080'],
    ],
    [{ TOPICS: 'a, b ,,a' }, (c) => c.topics, ['a', 'b']],
    [{ TOPICS_ALLOW_WILDCARDS: 'True' }, (c) => c.topicsAllowWildcards, true],
    [{ TOPICS_ALLOW_WILDCARDS: '0' }, (c) => c.topicsAllowWildcards, false],
    [{ RETRY_SCHEDULE: '1, 60,3600' }, (c) => c.retryPolicy.delaysMs, [1_000, 60_000, 3_600_000]],
    [{ MAX_RETRY_LIMIT: '0' }, (c) => c.retryPolicy.delaysMs, []],
    [{ RETRY_INTERVAL_SECONDS: '1', MAX_RETRY_LIMIT: '2' }, (c) => c.retryPolicy.delaysMs, [1_000, 2_000]],
    [{ DELIVERY_MAX_CONCURRENCY: '4' }, (c) => c.destinationMaxConcurrency, 4],
    [{ LOG_LEVEL: 'WARN' }, (c) => c.logLevel, 'warn'],
    [{ DESTINATIONS_ALLOWED_NETWORKS: '10.0.0.0/8, ::1' }, (c) => c.allowedNetworks, ['10.0.0.0/8', '::1']],
    [{ IDGEN_EVENT_PREFIX: 'evt_' }, (c) => c.idgenEventPrefix, 'evt_'],
    [{ METRICS_PORT: '9464' }, (c) => c.metricsPort, 9464],
    [{ SHUTDOWN_TIMEOUT_SECONDS: '9' }, (c) => c.shutdownGraceMs, 9_000],
    [{ HTTP_USER_AGENT: 'Ours/1 (webhooks)' }, (c) => c.userAgent, 'Ours/1 (webhooks)'],
  ];
  for (const [env, read, expected] of ACCEPTED) {
    it(`reads ${JSON.stringify(env)}`, () => assert.deepEqual(read(load(env).config), expected));
  }

  const REFUSED: readonly (readonly [name: string, value: string, accepted: RegExp])[] = [
    ['API_PORT', '65536', /a port from 0 to 65535/],
    ['API_PORT', '3e3', /a port from 0 to 65535/],
    ['API_HOST', 'a b', /an IP address or a host name/],
    ['METRICS_PORT', '-1', /a port/],
    ['AUTH_DISABLED', 'yes', /true or false/],
    ['API_CORS_ORIGINS', '*', /origins as browsers send them/],
    ['API_CORS_ORIGINS', 'null', /origins/],
    ['API_CORS_ORIGINS', 'app.example', /origins/],
    ['API_CORS_ORIGINS', 'ftp://app.example', /origins/],
    ['API_CORS_ORIGINS', 'https://app.example/', /without path/],
    ['API_CORS_ORIGINS', 'https://App.example', /in lower case/],
    ['API_CORS_ORIGINS', 'https://app.example:443', /without the port/],
    ['API_CORS_ORIGINS', 'https://user@app.example', /origins/],
    ['API_CORS_ORIGINS', 'https://a.example,https://b.example/x', /origins/],
    ['TOPICS', 'a,*', /without `\*`/],
    ['RETRY_SCHEDULE', '5,0', /whole numbers of seconds from 1 to 259200/],
    ['RETRY_SCHEDULE', '5;10', /separated by commas/],
    ['RETRY_SCHEDULE', ',', /separated by commas/],
    ['RETRY_SCHEDULE', '259201', /from 1 to 259200/],
    ['RETRY_SCHEDULE', Array.from({ length: 101 }, () => 1).join(), /up to 100/],
    ['RETRY_INTERVAL_SECONDS', '0', /from 1/],
    ['MAX_RETRY_LIMIT', '101', /from 0 to 100/],
    ['DELIVERY_TIMEOUT_SECONDS', '0.5', /whole number of seconds/],
    ['DELIVERY_MAX_CONCURRENCY', '0', /from 1/],
    ['DESTINATION_MAX_CONCURRENCY', 'many', /from 1/],
    ['MAX_DESTINATIONS_PER_TENANT', '2001', /from 1 to 2000/],
    ['PUBLISH_UNKNOWN_TENANT', 'ignore', /accept or reject/],
    ['PUBLISH_ID_CONFLICT', 'drop', /reject or accept/],
    ['IDGEN_TYPE', 'uuid', /uuidv4, uuidv7 or nanoid/],
    ['IDGEN_EVENT_PREFIX', 'a/b', /without slashes/],
    ['DEPLOYMENT_ID', 'a b', /letters, digits/],
    ['DESTINATIONS_ALLOWED_NETWORKS', '10.0.0.0/33', /networks such as/],
    ['DESTINATIONS_ALLOWED_NETWORKS', 'localhost', /networks such as/],
    ['LOG_LEVEL', 'verbose', /trace, debug, info/],
    ['HTTP_USER_AGENT', 'a\nb', /printable ASCII/],
    ['PROFILE', 'postgres', /embedded or memory/],
    ['SHUTDOWN_TIMEOUT_SECONDS', '0', /from 1/],
  ];
  for (const [name, value, accepted] of REFUSED) {
    it(`refuses ${name}=${JSON.stringify(value.slice(0, 12))} and says what is accepted`, () => {
      const message = refusal({ ...SECRETS, [name]: value });
      assert.match(message, new RegExp(`^One setting is wrong:\n  ${name}: `));
      assert.match(message, accepted);
    });
  }

  it('reports every wrong setting at once, in the order of the documentation', () => {
    const message = refusal({ API_PORT: 'x', LOG_LEVEL: 'loud', RETRY_SCHEDULE: 'never', API_JWT_SECRET: 'secret' });
    assert.deepEqual(
      message.split('\n').map((line) => line.trim().split(':')[0]),
      ['5 settings are wrong', 'API_PORT', 'RETRY_SCHEDULE', 'LOG_LEVEL', 'API_KEY', 'AES_ENCRYPTION_SECRET'],
    );
  });

  it('shortens a long wrong value', () =>
    assert.ok(refusal({ ...SECRETS, LOG_LEVEL: 'x'.repeat(5_000) }).length < 300));
});

describe('loadConfig and credentials', () => {
  for (const name of ['API_KEY', 'API_JWT_SECRET', 'AES_ENCRYPTION_SECRET'] as const) {
    it(`refuses to go without ${name}, also if it is empty`, () => {
      for (const value of [undefined, ''])
        assert.match(refusal({ ...SECRETS, [name]: value }), new RegExp(`${name}: not set`));
    });
  }

  it('goes without an API key only with AUTH_DISABLED=true on a loopback address', () => {
    const env = { ...SECRETS, API_KEY: '', AUTH_DISABLED: 'true' };
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
      const { config, warnings } = loadConfig({ ...env, API_HOST: host });
      assert.equal(config.apiKey, null);
      assert.match(warnings.join(), /every caller/);
    }
    for (const host of ['', '0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', 'example.com']) {
      assert.match(refusal({ ...env, API_HOST: host }), /AUTH_DISABLED: accepted only while API_HOST is a loopback/);
    }
  });

  it('does not let an API key make AUTH_DISABLED acceptable on other addresses', () =>
    assert.match(refusal({ ...SECRETS, AUTH_DISABLED: 'true' }), /AUTH_DISABLED/));

  it('reports a missing API key also when AUTH_DISABLED can not be read', () =>
    assert.match(
      refusal({ ...SECRETS, API_KEY: '', AUTH_DISABLED: 'maybe' }),
      /^2 settings are wrong:\n {2}AUTH_DISABLED: "maybe" .*\n {2}API_KEY: not set\./,
    ));

  it('warns of a short secret and starts', () => {
    const { config, warnings } = load({ API_KEY: 'fifteen bytes..' });
    assert.equal(config.apiKey?.reveal(), 'fifteen bytes..');
    assert.deepEqual(warnings, ['API_KEY has 15 bytes; use at least 16, chosen by chance.']);
    assert.deepEqual(load({ API_KEY: 'sixteen bytes...' }).warnings, []);
  });

  it('never shows a secret: not in a message, a warning, or the configuration when it is printed', () => {
    const value = ' "hush, a secret\n" ';
    const loaded = load({ API_KEY: value, API_JWT_SECRET: value, AES_ENCRYPTION_SECRET: value });
    const shown = [inspect(loaded, { depth: 9, showHidden: true }), JSON.stringify(loaded)].join();
    assert.doesNotMatch(shown, /hush/);
    assert.doesNotMatch(refusal({ API_KEY: value, API_PORT: 'x' }), /hush/);
  });
});

describe('field case 35: Kubernetes service links', () => {
  it('are ignored with a warning that names the way out', () => {
    const { config, warnings } = load({ API_PORT: 'tcp://10.0.0.7:3333', METRICS_PORT: 'tcp://10.0.0.8:9090' });
    assert.deepEqual([config.apiPort, config.metricsPort], [3333, null]);
    assert.equal(warnings.length, 2);
    for (const warning of warnings) assert.match(warning, /Kubernetes service link.*enableServiceLinks: false/);
  });
});

describe('field case 36: quotes and blanks around values', () => {
  for (const [value, warning] of [
    ['"a key of some length"', /quotation mark/],
    ["'a key of some length'", /quotation mark/],
    [' a key of some length', /white space/],
    ['a key of some length\n', /white space/],
    ['\u{feff}a key of some length', /byte order mark/],
  ] as const) {
    it(`are warned of and kept in ${JSON.stringify(value)}`, () => {
      const { config, warnings } = load({ API_KEY: value });
      assert.equal(config.apiKey?.reveal(), value);
      assert.match(warnings.join(), warning);
    });
  }
});

describe('advice', () => {
  for (const [env, expected] of [
    [{ RETRY_SCHEDULE: '1', MAX_RETRY_LIMIT: '3' }, /RETRY_SCHEDULE takes the place/],
    [{ DELIVERY_MAX_CONCURRENCY: '4', DESTINATION_MAX_CONCURRENCY: '5' }, /DESTINATION_MAX_CONCURRENCY=5 is more/],
    [{ SHUTDOWN_TIMEOUT_SECONDS: '5' }, /SHUTDOWN_TIMEOUT_SECONDS is not longer/],
    [{ PROFILE: 'memory' }, /every event is lost/],
  ] as const) {
    it(`is given for ${JSON.stringify(env)}`, () => assert.match(load(env).warnings.join(), expected));
  }
});
