/** Promise: an early answer counts as what it says, and an answer that is not HTTP is told as that, after one request. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { rootCertificates, setDefaultCACertificates } from 'node:tls';
import type { HttpResult } from '../../src/ports/http-client.ts';
import { certificates } from '../support/certificates.ts';
import { outboundClient, outboundRequest } from '../support/outbound-client.ts';
import { rawReceiver, type RawReceiverOptions, type RawReply } from '../support/raw-receiver.ts';

async function answerTo(
  t: TestContext,
  reply: RawReply,
  options: RawReceiverOptions & { readonly body?: Buffer } = {},
): Promise<{ result: HttpResult; requests: number }> {
  const sink = await rawReceiver(reply, options);
  const client = outboundClient();
  t.after(() => Promise.all([sink.close(), client.close()]));
  const result = await client.send(
    outboundRequest(sink.origin, options.body === undefined ? {} : { body: options.body }),
  );
  return { result, requests: sink.requests.length };
}

const REFUSED: Readonly<Record<string, string>> = {
  'line feeds only': 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
  'a folded header': 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n',
  'a blank in a header name': 'HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 0\r\n\r\n',
  'length and chunked at once': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'two equal lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n',
  'status 0200': 'HTTP/1.1 0200 OK\r\nContent-Length: 0\r\n\r\n',
  'a 101 that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
  'a 100 that nobody asked for': 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  'another protocol': 'SSH-2.0-OpenSSH_9.2\r\n',
};

const TAKEN: Readonly<Record<string, readonly [number, string]>> = {
  'no reason phrase': [200, 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n'],
  'a leading line end': [200, '\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  'status 999': [999, 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'],
  'an early hint first': [
    200,
    'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  ],
  'HTTP/1.0': [200, 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
};

describe('replies that are almost HTTP', () => {
  for (const [form, reply] of Object.entries(REFUSED)) {
    it(`field case 40: ${form} is a protocol error after one request`, async (t) => {
      const { result, requests } = await answerTo(t, reply);
      assert.ok(!result.ok);
      assert.equal(result.code, 'protocol_error');
      assert.match(result.detail, /the reply is not valid HTTP/);
      assert.equal(requests, 1);
    });
  }
  for (const [form, [status, reply]] of Object.entries(TAKEN)) {
    it(`field case 40: ${form} is taken`, async (t) => {
      const { result, requests } = await answerTo(t, reply);
      assert.ok(result.ok, JSON.stringify(result));
      assert.equal(result.status, status);
      assert.equal(requests, 1);
    });
  }
});

describe('interim replies', () => {
  it('field case 40: an early hint alone is no answer', async (t) => {
    const { result, requests } = await answerTo(t, (socket) =>
      socket.end('HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n'),
    );
    assert.ok(!result.ok);
    assert.equal(result.code, 'network_error');
    assert.equal(requests, 1);
  });
});

describe('early answers', () => {
  const made = certificates(['IP:127.0.0.1']);
  setDefaultCACertificates([...rootCertificates, made.root.cert]);
  const tls = { key: made.leaf.key, cert: made.leaf.cert + made.intermediate.cert };
  const body = Buffer.alloc(4_194_304, 'x');
  for (const status of [413, 401, 200]) {
    for (const [way, more] of Object.entries({ plain: {}, tls: { tls } })) {
      for (const [framing, header] of Object.entries({
        'with a length': 'Content-Length: 2\r\n',
        'until the end': '',
      })) {
        it(`field case 25: ${status} ${framing} over ${way} before the body is read, then a reset, is ${status}`, async (t) => {
          const head = `HTTP/1.1 ${status} Early\r\n${header}Connection: close\r\n\r\nno`;
          const { result, requests } = await answerTo(
            t,
            // Closing with unread bytes makes the kernel reset the connection.
            (socket) => socket.write(head, () => socket.destroy()),
            { replyAt: 'head', body, ...more },
          );
          assert.ok(result.ok, JSON.stringify(result));
          assert.equal(result.status, status);
          assert.equal(requests, 1);
        });
      }
    }
  }
});
