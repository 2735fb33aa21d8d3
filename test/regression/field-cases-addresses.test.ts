/** Promise: no delivery dials our own machine, its network or a cloud's metadata, however the address is written. */
import assert from 'node:assert/strict';
import { isIP, type LookupFunction } from 'node:net';
import { after, describe, it } from 'node:test';
import { addressGuard } from '../../src/net/address-guard.ts';
import type { HttpResult } from '../../src/ports/http-client.ts';
import { outboundClient, outboundRequest } from '../support/outbound-client.ts';

const strict = addressGuard({ allowedNetworks: [] });
const dialled: string[] = [];
/** The strict guard, but what it allows is noted and not dialled: no test may leave this machine. */
const client = outboundClient({
  guard: {
    check(address) {
      const verdict = strict.check(address);
      if (verdict !== 'allowed') return verdict;
      dialled.push(address);
      return { blocked: 'by the test' };
    },
  },
  lookup: (name, options, done) => lookup(name, options, done),
});
/** What each name made by `nameOf` resolves to. */
const names = new Map<string, string>();
let lookup: LookupFunction = (name, _options, done) => {
  const address = names.get(name);
  assert.ok(address !== undefined, `unexpected lookup of ${name}`);
  done(null, [{ address, family: isIP(address) }]);
};
after(() => client.close());

function nameOf(address: string): string {
  const name = `n${names.size}.test`;
  names.set(name, address);
  return name;
}

async function send(url: string): Promise<Extract<HttpResult, { ok: false }>> {
  dialled.length = 0;
  const result = await client.send(outboundRequest(url));
  assert.ok(!result.ok);
  return result;
}

async function expectBlocked(address: string): Promise<void> {
  for (const host of [address.includes(':') ? `[${address}]` : address, nameOf(address)]) {
    const result = await send(`http://${host}/secret-path`);
    assert.equal(result.code, 'blocked_address', host);
    assert.deepEqual(dialled, [], host);
    assert.ok(!result.detail.includes('secret-path'));
  }
}

async function expectDialled(address: string): Promise<void> {
  for (const host of [address.includes(':') ? `[${address}]` : address, nameOf(address)]) {
    await send(`http://${host}/`);
    assert.equal(dialled.length, 1, host);
  }
}

describe('outbound addresses', () => {
  it('field case 7: cloud metadata addresses are blocked as literals and as what a name resolves to', async () => {
    const metadata = ['168.63.129.16', '100.100.100.200', '192.0.0.192', '169.254.170.2', '169.254.169.254'];
    for (const address of [...metadata, 'fd00:ec2::254', 'fd20:ce::254']) await expectBlocked(address);
    assert.equal((await send('http://1684300900/')).code, 'blocked_address');
    assert.match((await send('http://1684300900/')).detail, /100\.100\.100\.100/);
  });

  it('field case 7: only an allowed network lifts it', () => {
    const lifted = addressGuard({ allowedNetworks: ['168.63.129.16/32'] });
    assert.equal(lifted.check('168.63.129.16'), 'allowed');
    assert.notEqual(lifted.check('100.100.100.200'), 'allowed');
  });

  it('field case 8: IPv6 that carries a blocked IPv4 address is blocked', async () => {
    const carriers = [
      '::ffff:127.0.0.1',
      '::127.0.0.1',
      '::ffff:0:7f00:1',
      '64:ff9b::a9fe:a9fe',
      '64:ff9b:1::a9fe:a9fe',
      '2002:7f00:1::1',
      // Teredo: server 10.0.0.1, client 8.8.8.8; then server 8.8.8.8, client 192.168.0.1.
      '2001:0:a00:1::f7f7:f7f7',
      '2001:0:808:808::3f57:fffe',
      '2606:4700::5efe:a9fe:a9fe',
      '2606:4700::200:5efe:a9fe:a9fe',
    ];
    for (const address of carriers) await expectBlocked(address);
  });

  it('field case 8: IPv6 that carries a public IPv4 address is dialled', async () => {
    const carriers = [
      '64:ff9b::808:808',
      '2606:4700::5efe:808:808',
      '2002:808:808::1',
      '2001:0:808:808::f7f7:f7f7',
      '::ffff:8.8.8.8',
    ];
    for (const address of carriers) await expectDialled(address);
  });

  it('field case 19: other spellings of our own machine are blocked, and told as normalised', async () => {
    const spellings: Readonly<Record<string, string>> = {
      '0': '0.0.0.0',
      '0.0.0.0': '0.0.0.0',
      '[::]': '[::]',
      '127.1': '127.0.0.1',
      '0x7f.1': '127.0.0.1',
      '2130706433': '127.0.0.1',
      '017700000001': '127.0.0.1',
      '169.254.43518': '169.254.169.254',
      '①②⑦.⓪.⓪.①': '127.0.0.1',
      '127。0。0。1': '127.0.0.1',
      '127%2e0.0.1': '127.0.0.1',
    };
    for (const [spelling, normalised] of Object.entries(spellings)) {
      const result = await send(`http://${spelling}/`);
      assert.equal(result.code, 'blocked_address', spelling);
      assert.ok(result.detail.includes(` ${normalised} `), result.detail);
    }
  });

  it('field case 19: names that resolve to our own machine are blocked', async (t) => {
    const before = lookup;
    t.after(() => (lookup = before));
    lookup = (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
    for (const name of ['loc%C2%ADalhost', 'ⓛocalhost', 'localhost.', 'localhost', '127.0.0.1.nip.test']) {
      assert.equal((await send(`http://${name}/`)).code, 'blocked_address', name);
    }
  });

  it('refuses a name when one of several addresses is blocked, in whichever place', async (t) => {
    const before = lookup;
    t.after(() => (lookup = before));
    const found = [
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1', family: 6 },
      { address: '10.0.0.1', family: 4 },
    ];
    const strictClient = outboundClient({
      guard: strict,
      lookup: (name, options, done) => lookup(name, options, done),
    });
    t.after(() => strictClient.close());
    for (let turn = 0; turn < found.length; turn += 1) {
      lookup = (_name, _options, done) => done(null, [...found.slice(turn), ...found.slice(0, turn)]);
      const result = await strictClient.send(outboundRequest('http://mixed.test/'));
      const detail = 'deliveries to mixed.test are not allowed: private network';
      assert.deepEqual(result, { ok: false, code: 'blocked_address', detail, aborted: false });
    }
  });
});
