import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StartError } from '../lib/errors.ts';
import { addressGuard } from './address-guard.ts';

const guard = addressGuard({ allowedNetworks: [] });

describe('address guard', () => {
  it('blocks our own machine, private networks, reserved ranges and metadata addresses, to their very edges', () => {
    const corpus = [
      '0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255',
      '169.254.0.0 169.254.169.254 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.255',
      '192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 224.0.0.1 239.255.255.255 240.0.0.0 255.255.255.255',
      '192.0.2.0 192.0.2.255 198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255 2001:db8::',
      '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 3fff:: 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff 2002:c000:201::1',
      ':: ::1 fc00:: fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fe80::1 febf::1 fec0::1 ff02::1 100::1 fe80::1%lo',
    ];
    for (const address of corpus.join(' ').split(' ')) assert.notEqual(guard.check(address), 'allowed', address);
  });

  it('allows what lies next to them', () => {
    const corpus = [
      '1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17',
      '169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.167.255.255 192.169.0.0',
      '198.17.255.255 198.20.0.0 223.255.255.255 8.8.8.8 2606:4700:4700::1111 fbff::1 fe00::1 101::1 2001:4860::8888',
      '192.0.3.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 2001:db7:ffff:: 2001:db9:: 3ffe:ffff:: 3fff:1000::',
    ];
    for (const address of corpus.join(' ').split(' ')) assert.equal(guard.check(address), 'allowed', address);
  });

  it('says why', () => {
    assert.deepEqual(guard.check('127.0.0.1'), { blocked: 'loopback' });
    assert.deepEqual(guard.check('::ffff:10.1.2.3'), { blocked: 'private network' });
    assert.deepEqual(guard.check('64:ff9b::a9fe:a9fe'), {
      blocked: 'carries an IPv4 address: link-local or cloud metadata',
    });
  });

  it('blocks what is not an address', () => {
    for (const text of ['', 'localhost', '127.1', '0x7f000001', '1.2.3.4.5', '[::1]', '::1::', '8.8.8.8:80']) {
      assert.deepEqual(guard.check(text), { blocked: 'not an IP address' }, text);
    }
  });

  it('allows exactly the networks it is told to, IPv4 ones in every form that carries them', () => {
    const told = addressGuard({ allowedNetworks: ['10.1.2.0/23', '169.254.169.254', 'fd00:1::/32', '64:ff9b:1::/48'] });
    const allowed = '10.1.2.0 10.1.3.255 169.254.169.254 fd00:1:ffff::1 ::ffff:10.1.2.3 64:ff9b::a01:203 64:ff9b:1::1';
    for (const address of allowed.split(' ')) assert.equal(told.check(address), 'allowed', address);
    for (const address of '10.1.1.255 10.1.4.0 169.254.169.253 fd00:2::1 ::1 2002:a01:403::1'.split(' ')) {
      assert.notEqual(told.check(address), 'allowed', address);
    }
  });

  it('takes everything off the list with networks of prefix 0', () => {
    const open = addressGuard({ allowedNetworks: ['0.0.0.0/0', '::/0'] });
    for (const address of ['127.0.0.1', '::1', 'fe80::1', '169.254.169.254'])
      assert.equal(open.check(address), 'allowed');
  });

  it('refuses networks that it cannot read', () => {
    for (const text of [
      '',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      '10.0.0.0/',
      '10.0/8',
      'fd00::/129',
      'localhost',
    ]) {
      assert.throws(() => addressGuard({ allowedNetworks: [text] }), StartError, text);
    }
  });
});
