/** Promise: a receiver sees the tenant's URL, headers and body as they are, framed simply, and nothing secret of ours. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { HttpRequest } from '../../src/ports/http-client.ts';
import { outboundClient, outboundRequest } from '../support/outbound-client.ts';
import { type RawReceiver, rawReceiver, type RawRequest } from '../support/raw-receiver.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const client = outboundClient({
  userAgent: 'Outpost/1.2.3',
  lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
});
let sink: RawReceiver;
before(async () => {
  sink = await rawReceiver(OK);
});
after(async () => {
  await client.close();
  await sink.close();
});

async function sent(url: string, request: Partial<HttpRequest> = {}): Promise<RawRequest> {
  const result = await client.send(outboundRequest(url, request));
  assert.ok(result.ok, JSON.stringify(result));
  return sink.requests.at(-1)!;
}

function valuesOf(request: RawRequest, name: string): string[] {
  return request.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

describe('outbound request', () => {
  it('field case 9: path and query reach the wire byte for byte, without the fragment', async () => {
    const signed =
      '/workflows/9d/triggers/When_x/paths/invoke?api-version=2016-10-01&sp=%2Ftriggers%2Fx%2Frun&sv=1.0&sig=a%2Bb%3D%3D&p=a+b%20c&e=';
    for (const path of [
      signed,
      '/a%2Fb',
      '/%7Eu',
      '/a//b',
      '//a',
      '/a;b=1',
      '/a/../b',
      '/?',
      `/${'x'.repeat(4_000)}`,
    ]) {
      const request = await sent(`${sink.origin}${path}#frag`);
      assert.equal(request.requestLine, `POST ${path} HTTP/1.1`);
    }
  });

  it('field case 24: bodies have their exact length in bytes and are never chunked', async () => {
    for (const text of ['', '{}', '{"a":"é€😀"}', 'x'.repeat(1_048_576)]) {
      const body = Buffer.from(text);
      const request = await sent(sink.origin, { body });
      assert.deepEqual(valuesOf(request, 'content-length'), [String(body.length)]);
      assert.deepEqual(valuesOf(request, 'transfer-encoding'), []);
      assert.ok(request.body.equals(body));
    }
  });

  it('field case 24: a length or transfer coding among the given headers changes nothing', async () => {
    const headers = [
      ['Content-Length', '7'],
      ['Transfer-Encoding', 'chunked'],
      ['Connection', 'close'],
      ['Host', 'other'],
      ['X', '1'],
    ];
    const request = await sent(sink.origin, { headers: headers as [string, string][] });
    assert.deepEqual(valuesOf(request, 'content-length'), ['2']);
    assert.deepEqual(valuesOf(request, 'transfer-encoding'), []);
    assert.deepEqual(valuesOf(request, 'host'), [`127.0.0.1:${sink.port}`]);
    assert.deepEqual(valuesOf(request, 'x'), ['1']);
  });

  it('field case 38: hosts without a dot, with an underscore, in IPv6, upper case or another script are sent to', async () => {
    for (const [host, normalised] of [
      ['receiver', 'receiver'],
      ['my_host', 'my_host'],
      ['MÜNCHEN.example', 'xn--mnchen-3ya.example'],
    ]) {
      const request = await sent(`HTTP://${host}:${sink.port}/x`);
      assert.deepEqual(valuesOf(request, 'host'), [`${normalised}:${sink.port}`]);
    }
    const six = await rawReceiver(OK, { host: '::1' });
    assert.ok((await client.send(outboundRequest(`http://[::1]:${six.port}/`))).ok);
    assert.equal(six.requests.length, 1);
    await six.close();
  });

  it('field case 39: user and password of the URL are neither in the request nor in what is told', async () => {
    const request = await sent(`http://us%40er:p%3Ass@127.0.0.1:${sink.port}/x`);
    assert.equal(request.requestLine, 'POST /x HTTP/1.1');
    assert.deepEqual(valuesOf(request, 'host'), [`127.0.0.1:${sink.port}`]);
    assert.ok(!/us%40er|us@er|p%3Ass|p:ss|authorization/i.test(request.head), request.head);
  });

  it('field case 42: there is a user agent, ours or the given one, once', async () => {
    assert.deepEqual(valuesOf(await sent(sink.origin), 'user-agent'), ['Outpost/1.2.3']);
    assert.deepEqual(valuesOf(await sent(sink.origin, { headers: [['USER-agent', 'mine']] }), 'user-agent'), ['mine']);
  });

  it('field case 43: of two headers of one name the first is sent', async () => {
    const request = await sent(sink.origin, {
      headers: [
        ['X-A', '1'],
        ['Content-Type', 'a/b'],
        ['x-a', '2'],
        ['content-type', 'c/d'],
      ],
    });
    assert.deepEqual(valuesOf(request, 'x-a'), ['1']);
    assert.deepEqual(valuesOf(request, 'content-type'), ['a/b']);
  });

  it('sends header values as the bytes of their UTF-8', async () => {
    const request = await sent(sink.origin, { headers: [['X-Name', 'Müller €']] });
    assert.equal(Buffer.from(valuesOf(request, 'x-name')[0] ?? '', 'latin1').toString('utf8'), 'Müller €');
  });

  it('field case 44: proxy variables are ignored', async () => {
    const module = new URL('../support/outbound-client.ts', import.meta.url).href;
    const script = `
      const { outboundClient, outboundRequest } = await import(${JSON.stringify(module)});
      const client = outboundClient();
      for (const url of [${JSON.stringify(`${sink.origin}/direct`)}, 'http://10.0.0.1/']) {
        const result = await client.send(outboundRequest(url));
        console.log(result.ok ? result.status : result.code);
      }
      await client.close();`;
    const proxy = 'http://127.0.0.1:9';
    const env = {
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
      http_proxy: proxy,
      https_proxy: proxy,
      ALL_PROXY: proxy,
      NODE_USE_ENV_PROXY: '1',
    };
    const args = ['--input-type=module', '--eval', script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
    assert.equal(stdout, '200\nblocked_address\n');
    assert.equal(sink.requests.at(-1)?.requestLine, 'POST /direct HTTP/1.1');
  });

  it('field case 13: what is told of a failure names the origin and nothing behind it', async (t) => {
    const secret = '/services/T000/B000/SECRETTOK?sig=SECRET2';
    const gone = await rawReceiver(OK);
    await gone.close();
    const silent = await rawReceiver(() => {});
    const broken = await rawReceiver('nonsense\r\n\r\n');
    const limited = outboundClient({
      firstByteTimeoutMs: 20,
      lookup: (_n, _o, done) => done(Object.assign(new Error(), { code: 'ENOTFOUND' }), ''),
    });
    t.after(() => Promise.all([silent.close(), broken.close(), limited.close()]));
    const origins: Readonly<Record<string, string>> = {
      connection_refused: `127.0.0.1:${gone.port}`,
      timeout: `127.0.0.1:${silent.port}`,
      protocol_error: `127.0.0.1:${broken.port}`,
      dns_error: 'nowhere.test',
      blocked_address: '10.0.0.1',
    };
    for (const [code, host] of Object.entries(origins)) {
      const result = await limited.send(outboundRequest(`http://user:SECRET3@${host}${secret}`));
      assert.ok(!result.ok);
      assert.equal(result.code, code);
      assert.ok(result.detail.includes(host), result.detail);
      assert.ok(!/SECRET|services|user/.test(JSON.stringify(result)), result.detail);
    }
  });
});
