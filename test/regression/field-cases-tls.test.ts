/** Promise: TLS failures say in plain words what the receiver has to change, and every name has its own handshake. */
import assert from 'node:assert/strict';
import { after, describe, it, type TestContext } from 'node:test';
import { rootCertificates, setDefaultCACertificates } from 'node:tls';
import { certificates } from '../support/certificates.ts';
import { outboundClient, outboundRequest } from '../support/outbound-client.ts';
import { rawReceiver, type RawReceiver } from '../support/raw-receiver.ts';
import { receiver } from '../support/receiver.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const trusted = certificates(['DNS:r.test', 'DNS:a.test', 'IP:127.0.0.1']);
const unknown = certificates(['DNS:r.test']);
setDefaultCACertificates([...rootCertificates, trusted.root.cert]);

const client = outboundClient({ lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) });
after(() => client.close());

async function serve(t: TestContext, tls: { key: string; cert: string }): Promise<RawReceiver> {
  const sink = await rawReceiver(OK, { tls });
  t.after(() => sink.close());
  return sink;
}

async function refusal(t: TestContext, tls: { key: string; cert: string }, name = 'r.test'): Promise<string> {
  const sink = await serve(t, tls);
  const result = await client.send(outboundRequest(`https://${name}:${sink.port}/secret`));
  assert.ok(!result.ok);
  assert.equal(result.code, 'tls_error');
  assert.ok(result.detail.includes(`https://${name}:${sink.port}`) && !result.detail.includes('secret'), result.detail);
  assert.equal(sink.requests.length, 0);
  return result.detail;
}

const full = { key: trusted.leaf.key, cert: trusted.leaf.cert + trusted.intermediate.cert };

describe('outbound TLS', () => {
  it('field case 41: a chain without its intermediate, a private root, a self-signed certificate and a wrong name each have their sentence', async (t) => {
    const sentences = [
      await refusal(t, trusted.leaf),
      await refusal(t, { key: unknown.leaf.key, cert: unknown.leaf.cert + unknown.intermediate.cert }),
      await refusal(t, unknown.selfSigned),
      await refusal(t, full, 'wrong.test'),
    ];
    assert.match(sentences[0] ?? '', /intermediate certificate.*browsers hide this.*full chain/);
    assert.match(sentences[1] ?? '', /authority that is not publicly trusted/);
    assert.match(sentences[2] ?? '', /signed by itself/);
    assert.match(sentences[3] ?? '', /another name than wrong\.test/);
  });

  it('field case 41: a private root that is sent along is told like one that is not', async (t) => {
    const cert = unknown.leaf.cert + unknown.intermediate.cert + unknown.root.cert;
    assert.match(await refusal(t, { key: unknown.leaf.key, cert }), /authority that is not publicly trusted/);
  });

  it('is a tls_error where plain HTTP answers', async (t) => {
    const plain = await receiver();
    t.after(() => plain.close());
    const result = await client.send(outboundRequest(`https://r.test:${plain.port}/`));
    assert.ok(!result.ok);
    assert.equal(result.code, 'tls_error');
    assert.match(result.detail, /did not answer in TLS/);
  });

  it('field case 20: a literal address has no server name and is verified', async (t) => {
    const sink = await serve(t, full);
    assert.ok((await client.send(outboundRequest(`https://127.0.0.1:${sink.port}/`))).ok);
    assert.equal(sink.requests[0]?.serverName, null);
  });

  it('field case 20: the dot at the end of a name is in the Host header but not in the handshake', async (t) => {
    const sink = await serve(t, full);
    assert.ok((await client.send(outboundRequest(`https://r.test.:${sink.port}/`))).ok);
    assert.equal(sink.requests[0]?.serverName, 'r.test');
    assert.deepEqual(
      sink.requests[0]?.headers.find(([name]) => name === 'host'),
      ['host', `r.test.:${sink.port}`],
    );
  });

  it('field case 20: two names on one address have their own server name, host, verification and connections', async (t) => {
    const sink = await serve(t, full);
    for (const name of ['r.test', 'a.test', 'r.test', 'a.test']) {
      assert.ok((await client.send(outboundRequest(`https://${name}:${sink.port}/`))).ok);
    }
    assert.deepEqual(
      sink.requests.map(({ serverName, connection }) => [serverName, connection]),
      [
        ['r.test', 1],
        ['a.test', 2],
        ['r.test', 1],
        ['a.test', 2],
      ],
    );
    const stranger = await client.send(outboundRequest(`https://stranger.test:${sink.port}/`));
    assert.ok(!stranger.ok && stranger.code === 'tls_error');
  });
});
