/** A Hookdeck destination through the whole program: the peer checks token and signature as Hookdeck does. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type ComposedServer, composedServer } from '../support/composed-server.ts';
import { type Answer, type ReceivedRequest, type Receiver, receiver } from '../support/receiver.ts';

const TOKEN = Buffer.from('src_1:random_string').toString('base64');
const WRONG_TOKEN = Buffer.from('src_1:another_string').toString('base64');

/** Verifies tokens below `/api`, takes events below `/events`; the first event of a run is refused. */
function peer(request: ReceivedRequest): Answer {
  if (request.path === '/api/sources/src_1/managed/verify') {
    const isKnown = request.method === 'GET' && request.header('x-hookdeck-source-token') === TOKEN;
    return isKnown ? { body: '{"name":"orders","url":"https://hkdk.events/src_1"}' } : { status: 401 };
  }
  const signature = createHmac('sha256', TOKEN).update(request.body).digest('base64');
  const isSigned = request.header('x-hookdeck-signature') === `v0=${signature}`;
  if (request.method !== 'POST' || request.path !== '/events/src_1' || !isSigned) return { status: 403 };
  return { status: request.body.includes('"fails"') ? 500 : 200, body: 'taken' };
}

describe('a hookdeck destination', { timeout: 60_000 }, () => {
  let server: ComposedServer;
  let sink: Receiver;
  before(async () => {
    sink = await receiver(peer);
    server = await composedServer({
      profile: 'embedded',
      env: {
        RETRY_SCHEDULE: '1',
        DESTINATIONS_HOOKDECK_API_URL: `${sink.origin}/api/`,
        DESTINATIONS_HOOKDECK_EVENTS_URL: `${sink.origin}/events`,
      },
    });
    await server.putTenant('t');
  });
  after(async () => {
    await server.stop();
    await sink.close();
  });

  const create = (token: string, status: number) =>
    server.expect(status, 'POST', '/tenants/t/destinations', {
      id: 'hd',
      type: 'hookdeck',
      topics: '*',
      credentials: { token },
    });

  it('is created after its token was verified, and delivers signed events', async () => {
    const refused = await create(WRONG_TOKEN, 422);
    assert.deepEqual(refused.json()['data'], ['credentials.token failed token_verification_failed validation']);
    const created = (await create(TOKEN, 201)).json();
    assert.deepEqual(created['config'], { source_name: 'orders', source_id: 'src_1' });
    assert.deepEqual(created['credentials'], { token: `${TOKEN.slice(0, 4)}${'*'.repeat(TOKEN.length - 4)}` });
    assert.equal(created['target'], 'orders');
    assert.equal(created['target_url'], 'https://dashboard.hookdeck.com/sources/src_1');
    const { id } = await server.publish({ tenant_id: 't', topic: 'a', data: { x: 1 } });
    const [attempt] = await server.attemptsOf(id, 1, 'include=response_data');
    assert.equal(attempt?.status, 'success');
    const answer = attempt.response_data as Record<string, unknown>;
    assert.deepEqual([answer['status_code'], answer['body']], [200, 'taken']);
    assert.equal(typeof (answer['headers'] as Record<string, unknown>)['Date'], 'string');
  });

  it('is verified by a changed token only, and keeps the stored one when its mask comes back (field case 4)', async () => {
    const verifications = () => sink.requests.filter(({ path }) => path.startsWith('/api/')).length;
    const before = verifications();
    const shown = (await server.expect(200, 'GET', '/tenants/t/destinations/hd')).json();
    const patch = { topics: ['a'], config: shown['config'], credentials: shown['credentials'] };
    const patched = (await server.expect(200, 'PATCH', '/tenants/t/destinations/hd', patch)).json();
    assert.deepEqual([patched['credentials'], patched['config']], [shown['credentials'], shown['config']]);
    assert.equal(verifications(), before);
    await server.expect(422, 'PATCH', '/tenants/t/destinations/hd', { credentials: { token: WRONG_TOKEN } });
    assert.equal(verifications(), before + 1);
  });

  it('is tried again after a 500, unlike in the original', async () => {
    const { id } = await server.publish({ tenant_id: 't', topic: 'a', data: { fails: true } });
    const attempts = await server.attemptsOf(id, 2);
    assert.deepEqual(
      attempts.map(({ code, status }) => [code, status]),
      [
        ['500', 'failed'],
        ['500', 'failed'],
      ],
    );
  });

  it('shows its setup link among the types', async () => {
    const type = (await server.expect(200, 'GET', '/destination-types/hookdeck')).json();
    assert.deepEqual(type['setup_link'], {
      href: 'https://dashboard.hookdeck.com/connect',
      cta: 'Generate Hookdeck Token',
    });
  });

  it('is dialled through the address guard, for the token as for events', async () => {
    await server.restart({ DESTINATIONS_ALLOWED_NETWORKS: '' });
    const before = sink.requests.length;
    const patch = { credentials: { token: WRONG_TOKEN } };
    const refused = await server.expect(422, 'PATCH', '/tenants/t/destinations/hd', patch);
    assert.match(refused.text, /token_verification_failed/);
    const { id } = await server.publish({ tenant_id: 't', topic: 'a' });
    const [attempt] = await server.attemptsOf(id, 1);
    assert.equal(attempt?.code, 'blocked_address');
    assert.equal(sink.requests.length, before);
  });
});
