/** Spec api-v0.md §11 by its numbers, as far as it applies: destinations. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ApiReply } from '../../../test/support/api-client.ts';
import { type Row, v0World } from '../../../test/support/v0-world.ts';

const { api, asTenant, call, create, fault, hook, sinkHost, statusOf, tenant } = v0World();

describe('destinations', () => {
  it('19, 20: are created, also under an id of choice', async () => {
    const made = (await create({ id: 'mine' })).json();
    assert.deepEqual([made['id'], made['topics'], made['disabled_at']], ['mine', ['*'], null]);
    assert.equal('target_url' in made, false);
    assert.equal(made['target'], `http://${sinkHost()}/ok`);
    assert.match((made['credentials'] as Record<string, string>)['secret'] ?? '', /^(whsec_)?[0-9a-f]{64}$/);
    assert.deepEqual(await fault(create({ id: 'mine' })), [400, 'destination already exists']);
    await call('PUT', '/other');
    assert.equal(await statusOf(call('POST', '/other/destinations', hook({ id: 'mine' }))), 201);
    await call('DELETE', '/other');
  });

  it('21 to 26: are refused with the rules that were broken, and the types that there are', async () => {
    const path = `/${tenant()}/destinations`;
    assert.deepEqual(await fault(call('POST', path)), [400, 'invalid JSON']);
    assert.deepEqual(await fault(call('POST', path, '{bad')), [400, 'invalid JSON']);
    assert.equal(await statusOf(call('POST', `/tenants/${tenant()}/destinations`)), 422);
    const missing = { type: 'required', topics: 'required' };
    assert.deepEqual(await fault(call('POST', path, {})), [422, 'validation error', missing]);
    assert.deepEqual(await fault(create({ topics: 'invalid' })), [422, 'validation failed: invalid topics format']);
    for (const topics of [['invalid'], []]) {
      assert.deepEqual(await fault(create({ topics })), [422, 'validation failed: invalid topics']);
    }
    assert.deepEqual(await fault(create({ config: {} })), [422, 'validation error', { 'config.url': 'required' }]);
    const [status, message, data] = await fault(create({ type: 'nope' }));
    assert.deepEqual([status, message], [422, 'no provider registered for destination type: nope']);
    assert.match((data as { type: string }).type, /^one of: webhook, /);
    const long = await fault(create({ id: 'x'.repeat(256) }));
    assert.deepEqual(long, [422, 'validation error: id must be at most 255 bytes']);
  });

  it('are of type webhook when they are called webhooks', async () => {
    assert.equal((await create({ id: 'plural', type: 'webhooks' })).json()['type'], 'webhook');
    const listed = (await call('GET', `/${tenant()}/destinations?type=webhooks`)).json<Row[]>();
    assert.deepEqual(
      listed.map(({ id, type }) => [id, type]),
      [['plural', 'webhook']],
    );
    const patched = await call('PATCH', `/${tenant()}/destinations/plural`, { type: 'webhooks' });
    assert.deepEqual([patched.status, patched.json()['type']], [200, 'webhook']);
    assert.equal((await call('GET', `/${tenant()}/destination-types/webhooks`)).json()['type'], 'webhook');
  });

  it('30: are listed oldest first, by any of the types and all of the topics', async () => {
    const ids = async (query: string): Promise<unknown[]> =>
      (await call('GET', `/${tenant()}/destinations?${query}`)).json<Row[]>().map(({ id }) => id);
    assert.deepEqual(await ids(''), []);
    await create({ id: 'all' });
    await create({ id: 'one', topics: ['user.created'] });
    await create({ id: 'two', topics: ['user.created', 'user.updated'] });
    assert.deepEqual(await ids(''), ['all', 'one', 'two']);
    assert.deepEqual(await ids('type=webhook&type=aws_sqs'), ['all', 'one', 'two']);
    assert.deepEqual(await ids('type=aws_sqs'), []);
    assert.deepEqual(await ids('type[]=aws_sqs'), ['all', 'one', 'two']);
    assert.deepEqual(await ids('topics=user.created&topics=user.updated'), ['all', 'two']);
    assert.deepEqual(await ids('topics=*'), ['all']);
  });

  it('31: are 404 when there is none of the id', async () => {
    const one = `/${tenant()}/destinations/none`;
    for (const [method, path, body] of [
      ['GET', one],
      ['PATCH', one, {}],
      ['DELETE', one],
      ['PUT', `${one}/enable`],
      ['PUT', `${one}/disable`],
    ] as const) {
      assert.deepEqual(await fault(call(method, path, body)), [404, 'destination not found']);
    }
  });

  it('32, 33, 34: are changed key by key, and null is the same as left out', async () => {
    await create({ id: 'd', config: { url: `http://${sinkHost()}/ok`, note: 'n' }, filter: { data: { a: 1 } } });
    const patch = (body: Row): Promise<ApiReply> => call('PATCH', `/${tenant()}/destinations/d`, body);
    const before = (await patch({})).json();
    for (const body of [
      { credentials: {} },
      { config: null },
      { topics: null },
      { filter: null },
      { metadata: null },
    ]) {
      const { updated_at: _moved, ...after } = (await patch(body)).json();
      const { updated_at: _earlier, ...earlier } = before;
      assert.deepEqual(after, earlier);
    }
    assert.deepEqual((await patch({ topics: ['user.created'] })).json()['topics'], ['user.created']);
    const blanked = (await patch({ config: { note: null, other: 1 } })).json()['config'];
    assert.deepEqual(blanked, { note: '', other: '1', url: `http://${sinkHost()}/ok` });
    assert.equal('filter' in (await patch({ filter: {} })).json(), false);
    assert.deepEqual(await fault(patch({ config: { url: '' } })), [
      422,
      'validation error',
      { 'config.url': 'required' },
    ]);
    assert.deepEqual(await fault(patch({ topics: [''] })), [422, 'validation failed: invalid topics']);
    assert.deepEqual(await fault(patch({ type: 'hookdeck' })), [422, 'type cannot be updated']);
    const aliased = (await patch({ config: { streamName: 's' } })).json()['config'] as Record<string, string>;
    assert.deepEqual([aliased['stream_name'], 'streamName' in aliased], ['s', false]);
  });

  it("36, 37: rotate their secrets, which are the operator's to give", async () => {
    await create({ id: 'd', credentials: { secret: 'one' } });
    for (const change of [asTenant, call]) {
      const rotated = await change('PATCH', `/${tenant()}/destinations/d`, { credentials: { rotate_secret: true } });
      const credentials = rotated.json()['credentials'] as Record<string, string>;
      assert.notEqual(credentials['secret'], credentials['previous_secret']);
      const inMs = Date.parse(credentials['previous_secret_invalid_at'] ?? '') - Date.now();
      assert.ok(Math.abs(inMs - 86_400_000) < 60_000);
    }
    const refused = { 'credentials.rotate_secret': 'invalid' };
    assert.deepEqual(await fault(create({ credentials: { rotate_secret: true } })), [422, 'validation error', refused]);
    const own = asTenant('POST', `/${tenant()}/destinations`, hook({ credentials: { secret: 's' } }));
    assert.deepEqual(await fault(own), [422, 'validation error', { 'credentials.secret': 'forbidden' }]);
  });

  it('38, 39: are switched and deleted', async () => {
    await create({ id: 'd' });
    const turn = async (name: string): Promise<unknown> =>
      (await api.expect(200, 'PUT', `/${tenant()}/destinations/d/${name}`)).json()['disabled_at'];
    const disabledAt = await turn('disable');
    assert.equal(typeof disabledAt, 'string');
    assert.equal(await turn('disable'), disabledAt);
    assert.equal(await turn('enable'), null);
    assert.equal(await turn('enable'), null);
    assert.equal((await call('DELETE', `/${tenant()}/destinations/d`)).text, '{"success":true}');
    assert.equal(await statusOf(call('GET', `/${tenant()}/destinations/d`)), 404);
    assert.equal(await statusOf(create({ id: 'd' })), 201);
  });

  it('40, 43: are the same without a tenant in the path, and in v1', async () => {
    const made = (await asTenant('POST', '/destinations', hook({ id: 'd' }))).json();
    const places = ['/destinations/d', `/${tenant()}/destinations/d`, `/tenants/${tenant()}/destinations/d`];
    for (const path of places) assert.deepEqual((await asTenant('GET', path)).json(), made);
    assert.equal(await statusOf(asTenant('PATCH', '/destinations/d', { topics: ['user.created'] })), 200);
    assert.equal(await statusOf(asTenant('PUT', '/destinations/d/disable')), 200);
    assert.equal(await statusOf(asTenant('PUT', '/destinations/d/enable')), 200);
    for (const [method, path] of [
      ['GET', '/destinations'],
      ['POST', '/destinations'],
      ['GET', '/destinations/d'],
      ['DELETE', '/destinations/d'],
    ] as const) {
      assert.deepEqual(await fault(call(method, path, method === 'POST' ? hook() : undefined)), [
        404,
        'tenant not found',
      ]);
    }
    assert.equal(await statusOf(asTenant('DELETE', '/destinations/d')), 200);
  });
});
