import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeHttpClient } from '../../test/support/fake-http-client.ts';
import type { Destination } from '../domain/destination.ts';
import { destinationId, laneNumber, tenantId, tenantNumber } from '../domain/ids.ts';
import type { Field, OpenSettings, Provider } from '../ports/provider.ts';
import { registry, senderOpener } from './registry.ts';

const field = (key: string, more: Partial<Field> = {}): Field => ({
  key,
  type: 'text',
  label: key,
  description: key,
  required: true,
  ...more,
});

function provider(type: string, more: Partial<Provider> = {}): Provider {
  return {
    type,
    label: type,
    description: type,
    instructions: type,
    icon: '<svg></svg>',
    fields: {
      config: [field('queue_url', { pattern: '^https?:' }), field('endpoint', { required: false, pattern: '^x$' })],
      credentials: [field('key', { sensitive: true }), field('user')],
    },
    prepare: ({ settings }) => ({ ok: true, settings }),
    target: () => type,
    open: () => ({ send: async () => ({ ok: true, code: '200', response: null }), close: async () => {} }),
    ...more,
  };
}

const settings = (config: Record<string, string>, credentials: Record<string, string>): OpenSettings => ({
  config,
  credentials,
  deliveryMetadata: null,
});

describe('the registry of destination types', () => {
  it('finds types by their exact name and keeps their order', () => {
    const types = registry([provider('b'), provider('a')]);
    assert.deepEqual(
      types.providers.map(({ type }) => type),
      ['b', 'a'],
    );
    assert.equal(types.find('a')?.provider.type, 'a');
    assert.equal(types.find('A'), null);
    assert.equal(types.find('constructor'), null);
  });

  it('refuses two of one type, and patterns that do not compile', () => {
    assert.throws(() => registry([provider('a'), provider('a')]));
    const fields = { config: [field('x', { pattern: '(' })], credentials: [] };
    assert.throws(() => registry([provider('a', { fields })]));
  });

  it('names every broken field in the order of declaration, config first', () => {
    const type = registry([provider('a')]).find('a');
    assert.deepEqual(type?.check(settings({ endpoint: 'y', unknown: '1' }, { key: '' })), [
      { field: 'config.queue_url', rule: 'required' },
      { field: 'config.endpoint', rule: 'pattern' },
      { field: 'credentials.key', rule: 'required' },
      { field: 'credentials.user', rule: 'required' },
    ]);
    assert.deepEqual(type?.check(settings({ queue_url: 'http://x', endpoint: '' }, { key: 'k', user: 'u' })), []);
  });

  it('masks sensitive fields and nothing else, unless the provider masks by itself', () => {
    const given = settings({ queue_url: 'http://x' }, { key: '1234567890', user: 'guest', other: 'o' });
    const masked = registry([provider('a')])
      .find('a')
      ?.mask(given, 0);
    assert.deepEqual(masked, settings({ queue_url: 'http://x' }, { key: '1234******', user: 'guest', other: 'o' }));
    const own = provider('a', { mask: () => settings({}, {}) });
    assert.deepEqual(registry([own]).find('a')?.mask(given, 0), settings({}, {}));
  });
});

describe('opening a sender', () => {
  const destination: Destination = {
    lane: laneNumber(1),
    tenant: tenantNumber(1),
    tenantId: tenantId('t'),
    id: destinationId('d'),
    type: 'a',
    topics: ['*'],
    filter: null,
    config: { queue_url: 'http://x' },
    credentials: { key: 'sealed' },
    deliveryMetadata: { a: 'b' },
    metadata: null,
    createdAtMs: 0,
    updatedAtMs: 0,
    disabledAtMs: null,
    version: 1,
  };

  it('hands the provider the settings in clear', () => {
    const opened: OpenSettings[] = [];
    const recording = provider('a', {
      open(given, deps) {
        opened.push(given);
        return provider('a').open(given, deps);
      },
    });
    const open = senderOpener({
      registry: registry([recording]),
      reveal: ({ credentials }) => ({ key: `open ${credentials['key']}` }),
      sender: { http: fakeHttpClient(), now: () => 0 },
    });
    open(destination);
    assert.deepEqual(opened, [
      { config: destination.config, credentials: { key: 'open sealed' }, deliveryMetadata: { a: 'b' } },
    ]);
    assert.throws(() => open({ ...destination, type: 'gone' }), /gone/);
  });
});
