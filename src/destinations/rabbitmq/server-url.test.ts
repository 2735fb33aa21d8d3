import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseServerUrl } from './server-url.ts';

const broker = (host: string, port: number | null = null, virtualHost = '/', isTls = false) => ({
  host,
  port,
  virtualHost,
  isTls,
});

describe('the address of a broker (field case 38)', () => {
  it('is a host with or without port and virtual host', () => {
    const cases = [
      ['m', broker('m')],
      ['rabbit:5672', broker('rabbit', 5_672)],
      ['my_host:1', broker('my_host', 1)],
      ['münchen.example', broker('münchen.example')],
      ['rabbit:5672/', broker('rabbit', 5_672)],
      ['rabbit:5672/my%2Fvhost', broker('rabbit', 5_672, 'my/vhost')],
      ['rabbit/a/b', broker('rabbit', null, 'a/b')],
      ['rabbit/%2f', broker('rabbit')],
      ['[::1]:5672', broker('::1', 5_672)],
      ['[2001:db8::1]/orders', broker('2001:db8::1', null, 'orders')],
      ['127.0.0.1:65535', broker('127.0.0.1', 65_535)],
      ['rabbit/v?heartbeat=5&x', broker('rabbit', null, 'v')],
      ['amqp://rabbit:5672/v', broker('rabbit', 5_672, 'v')],
      ['AMQPS://rabbit', broker('rabbit', null, '/', true)],
    ] as const;
    for (const [text, expected] of cases) assert.deepEqual(parseServerUrl(text), expected, text);
  });

  it('is not what names no host, another protocol, or a user and a password', () => {
    for (const text of [
      '',
      ':5672',
      '/vhost',
      'http://rabbit',
      'user:password@rabbit:5672',
      'amqp://user@rabbit',
      'rabbit:0',
      'rabbit:65536',
      'rabbit:abc',
      'rabbit:56 72',
      '::1',
      '[::1',
      'rabbit/%zz',
      'rabbit/v#f',
    ]) {
      assert.equal(parseServerUrl(text), null, text);
    }
  });
});
