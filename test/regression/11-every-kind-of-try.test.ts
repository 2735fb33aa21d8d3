/** Promise: first try, retry, manual retry and the try after a restart are the same request, signed and dated anew. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type ComposedServer, composedServer } from '../support/composed-server.ts';
import { rawReceiver, type RawReceiver, type RawRequest } from '../support/raw-receiver.ts';
import { VERSION } from '../../src/version.ts';

const reply = (status: number): string => `HTTP/1.1 ${status} Told\r\nContent-Length: 0\r\n\r\n`;
const valuesOf = (request: RawRequest, name: string): string[] =>
  request.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);

describe('every kind of try', { timeout: 60_000 }, () => {
  let server: ComposedServer;
  let sink: RawReceiver;
  /** What is answered, by path; 200 otherwise. */
  const answers = new Map<string, number>();
  before(async () => {
    // Like many small receivers: a body without a length is refused.
    sink = await rawReceiver((socket, request) => {
      const path = request.requestLine.split(' ')[1] ?? '';
      const isChunked = valuesOf(request, 'transfer-encoding').length > 0;
      socket.write(reply(isChunked ? 411 : (answers.get(path) ?? 200)));
    });
    server = await composedServer({ profile: 'embedded', env: { RETRY_SCHEDULE: '1,1' } });
  });
  after(async () => {
    await server.stop();
    await sink.close();
  });
  const postsTo = (path: string): readonly RawRequest[] =>
    sink.requests.filter((each) => each.requestLine.includes(` ${path} `));

  async function hook(tenant: string, config: Record<string, unknown> = {}, more: Record<string, unknown> = {}) {
    await server.putTenant(tenant);
    const settings = { config: { url: `${sink.origin}/${tenant}`, ...config }, ...more };
    return server.createWebhook(tenant, '', settings);
  }

  it('field case 11: has the same headers, its own time and a fresh signature', async () => {
    const destination = await hook('tries');
    answers.set('/tries', 500);
    await server.publish({
      id: 'old',
      tenant_id: 'tries',
      topic: 'a',
      time: '2020-01-01T00:00:00Z',
      metadata: { k: 'v' },
    });
    await server.attemptsOf('old', 2);
    await server.restart();
    await server.attemptsOf('old', 3);
    answers.set('/tries', 200);
    await server.expect(202, 'POST', '/retry', { event_id: 'old', destination_id: destination.id });
    const rows = await server.attemptsOf('old', 4);
    assert.deepEqual(
      rows.map((row) => row.manual),
      [false, false, false, true],
    );

    const posts = postsTo('/tries');
    const names = posts.map((post) => post.headers.map(([name]) => name));
    for (const each of names) assert.deepEqual(each, names[0]);
    for (const [n, post] of posts.entries()) {
      const signedMs = Date.parse(valuesOf(post, 'x-outpost-timestamp')[0] ?? '');
      // In whole seconds, at or before the attempt's end.
      assert.ok(
        Math.abs(Date.parse(rows[n]!.time) - signedMs) < 5_000,
        `try ${n + 1} is dated ${new Date(signedMs).toISOString()}`,
      );
      const mac = createHmac('sha256', destination.credentials['secret']!).update(post.body).digest('hex');
      assert.deepEqual(valuesOf(post, 'x-outpost-signature'), [`v0=${mac}`]);
    }
  });

  it('field case 24: has an exact Content-Length and is never chunked', async () => {
    const destination = await hook('lengths');
    for (const [n, data] of ['{}', '{"a":"é€😀"}', `{"a":"${'x'.repeat(1_048_000)}"}`].entries()) {
      await server.expect(202, 'POST', '/publish', `{"id":"length ${n}","tenant_id":"lengths","data":${data}}`);
      await server.attemptsOf(`length ${n}`, 1);
      await server.expect(202, 'POST', '/retry', { event_id: `length ${n}`, destination_id: destination.id });
      const rows = await server.attemptsOf(`length ${n}`, 2);
      assert.deepEqual(
        rows.map((row) => row.code),
        ['200', '200'],
      );
      for (const post of postsTo('/lengths').slice(-2)) {
        assert.deepEqual(valuesOf(post, 'content-length'), [String(Buffer.byteLength(data))]);
        assert.equal(post.body.toString(), data);
      }
    }
  });

  it('field case 42: has a user agent that names us, once, and another one where that is set', async () => {
    await hook('agents');
    const agentOf = async (id: string): Promise<string[]> => {
      await server.publish({ id, tenant_id: 'agents' });
      await server.attemptsOf(id, 1);
      return valuesOf(postsTo('/agents').at(-1)!, 'user-agent');
    };
    assert.deepEqual(await agentOf('ours'), [`Outpost/${VERSION}`]);
    await server.restart({ HTTP_USER_AGENT: 'Acme-Hooks/2' });
    assert.deepEqual(await agentOf('theirs'), ['Acme-Hooks/2']);
    await server.restart({ HTTP_USER_AGENT: '' });
  });

  it('field case 43: has no header twice, and contradictions are refused when they are written', async () => {
    const path = '/tenants/names/destinations';
    await hook(
      'names',
      { custom_headers: '{"Accept":"x","Authorization":"t","X-Outpost-Source":"custom"}' },
      { id: 'd' },
    );
    for (const settings of [
      { config: { url: sink.origin, custom_headers: '{"X-A":"1","x-a":"2"}' } },
      { config: { url: sink.origin }, delivery_metadata: { Foo: '1', foo: '2' } },
    ]) {
      await server.expect(422, 'POST', path, { type: 'webhook', topics: '*', ...settings });
    }
    const metadata = { Foo: '1', foo: '2', 'content-type': 'text/plain', source: 'event', signature: 'forged' };
    await server.publish({ id: 'names', tenant_id: 'names', metadata });
    await server.attemptsOf('names', 1);
    const [post] = postsTo('/names');
    assert.ok(post !== undefined);
    const names = post.headers.map(([name]) => name.toLowerCase());
    assert.equal(new Set(names).size, names.length, names.join(', '));
    assert.deepEqual(valuesOf(post, 'content-type'), ['application/json']);
    assert.deepEqual(valuesOf(post, 'accept'), ['x']);
    assert.deepEqual(valuesOf(post, 'authorization'), ['t']);
    assert.match(valuesOf(post, 'x-outpost-signature')[0] ?? '', /^v0=/);
  });
});
