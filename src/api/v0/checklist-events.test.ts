/** Spec api-v0.md §11 by its numbers, as far as it applies: events, deliveries and retries. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../../../test/support/api-client.ts';
import { type Row, v0World } from '../../../test/support/v0-world.ts';

const { api, asTenant, call, create, fault, sinkHost, tenant } = v0World();

describe('events', () => {
  const publish = (event: Row): Promise<unknown> =>
    api.publish({ tenant_id: tenant(), topic: 'user.created', ...event });
  const list = async (
    query = '',
    path = `/${tenant()}/events`,
  ): Promise<{ data: Row[]; next: string; prev: string; count: number }> =>
    (await api.expect(200, 'GET', `${path}?${query}`)).json();
  const rowsOf = async (query = ''): Promise<string[]> =>
    (await list(query)).data.map(
      (row) => `${String(row['id'])} ${String(row['destination_id'])} ${String(row['status'])}`,
    );
  const settled = (count: number): Promise<unknown> =>
    eventually(`${count} attempts of ${tenant()}`, async () =>
      (await api.attempts(`tenant_id=${tenant()}`)).length >= count ? true : null,
    );

  it('45: are published by the operator for a tenant on a known topic, and once by an id', async () => {
    const path = '/publish';
    const event = { id: `${tenant()}-e`, tenant_id: tenant(), topic: 'user.created', data: { a: 1 } };
    const { tenant_id: _tenant, ...nobodys } = event;
    for (const [body, data] of [
      [nobodys, ['tenant_id is required']],
      [{ ...event, topic: 'user.unknown' }, ['topic is invalid']],
    ] as const) {
      const reply = await api.expect(422, 'POST', path, body);
      assert.deepEqual([reply.json()['status'], reply.json()['data']], [422, data]);
    }
    assert.equal((await asTenant('POST', path, event)).json()['status'], 403);
    await create({ id: 'd' });
    for (const duplicate of [false, true]) {
      const { id, duplicate: isKnown } = (await api.expect(202, 'POST', path, event)).json();
      assert.deepEqual([id, isKnown], [event.id, duplicate]);
    }
    await settled(1);
    const [row, ...more] = (await list()).data;
    assert.deepEqual([row?.['id'], row?.['status'], more], [event.id, 'success', []]);
    assert.equal((await api.attempts(`tenant_id=${tenant()}`)).length, 1);
  });

  it('50, 51: are a row for each destination, none when there are none', async () => {
    assert.deepEqual(await list(), { data: [], next: '', prev: '', count: 0 });
    await create({ id: 'good' });
    await create({ id: 'bad', config: { url: `http://${sinkHost()}/${tenant()}/status/410` } });
    await publish({ id: `${tenant()}-e`, metadata: { k: 'v' }, data: { a: 1 } });
    await settled(2);
    assert.deepEqual(await rowsOf(), [`${tenant()}-e bad failed`, `${tenant()}-e good success`]);
    assert.equal((await list()).count, 2);
    assert.deepEqual(await rowsOf('destination_id=good'), [`${tenant()}-e good success`]);
    assert.deepEqual(await rowsOf('status=failed'), [`${tenant()}-e bad failed`]);
    assert.deepEqual(await rowsOf('status=pending'), []);
    assert.deepEqual((await list('', `/${tenant()}/destinations/bad/events`)).count, 1);
  });

  it('52, 54: are those of the last hour, unless other times are given', async () => {
    await create({ id: 'd' });
    const at = (hoursAgo: number): string => new Date(Date.now() - hoursAgo * 3_600_000).toISOString();
    await publish({ id: `${tenant()}-old`, time: at(5) });
    await publish({ id: `${tenant()}-new` });
    await settled(2);
    assert.deepEqual(await rowsOf(), [`${tenant()}-new d success`]);
    assert.deepEqual(await rowsOf(`start=${at(6)}&end=${at(4)}`), [`${tenant()}-old d success`]);
    assert.deepEqual(await rowsOf(`end=${at(4.5)}`), [`${tenant()}-old d success`]);
    assert.equal((await rowsOf(`start=${at(6)}`)).length, 2);
    const rule = 'invalid format, expected RFC3339';
    assert.deepEqual(await fault(call('GET', `/${tenant()}/events?start=abc`)), [
      422,
      'validation error',
      { 'query.start': rule },
    ]);
    assert.equal((await rowsOf('limit=abc')).length, 1);
  });

  it('53: have the outcome of the latest attempt', async () => {
    await create({ id: 'd', config: { url: `http://${sinkHost()}/${tenant()}/failn/1/503` } });
    await publish({ id: `${tenant()}-e` });
    await settled(2);
    assert.deepEqual(await rowsOf('status=failed'), []);
    assert.deepEqual(await rowsOf('status=success'), [`${tenant()}-e d success`]);
  });

  it('55: are paged to the last row and back, each row once', async () => {
    await create({ id: 'a' });
    await create({ id: 'b' });
    for (const name of ['1', '2', '3']) await publish({ id: `${tenant()}-${name}` });
    await settled(6);
    const all = await rowsOf();
    assert.equal(all.length, 6);
    for (const limit of [1, 2, 4, 6]) {
      const pages: string[][] = [];
      let page = await list(`limit=${limit}`);
      const keys = (): string[] =>
        page.data.map((row) => `${String(row['id'])} ${String(row['destination_id'])} ${String(row['status'])}`);
      for (;;) {
        pages.push(keys());
        assert.equal(page.count, 6);
        if (page.next === '') break;
        page = await list(`limit=${limit}&next=${page.next}`);
      }
      assert.deepEqual(pages.flat(), all);
      for (const earlier of pages.slice(0, -1).toReversed()) {
        page = await list(`limit=${limit}&prev=${page.prev}`);
        assert.deepEqual(keys(), earlier);
      }
      assert.equal(page.prev, '');
    }
    for (const cursor of ['bad', 'v0', 'v0ff']) {
      assert.deepEqual(await fault(call('GET', `/${tenant()}/events?next=${cursor}`)), [400, 'invalid cursor']);
    }
  });

  it('56, 57: are read one by one, with their deliveries', async () => {
    await create({ id: 'json', config: { url: `http://${sinkHost()}/${tenant()}/json` } });
    const id = `${tenant()}-e`;
    await publish({ id });
    await settled(1);
    const event = (await api.expect(200, 'GET', `/${tenant()}/events/${id}`)).json();
    assert.deepEqual(
      [event['destination_id'], event['metadata'], event['data'], event['status']],
      ['', {}, {}, 'success'],
    );
    assert.deepEqual(await fault(call('GET', `/${tenant()}/events/none`)), [404, 'event not found']);
    const [delivery = {}] = (await api.expect(200, 'GET', `/${tenant()}/events/${id}/deliveries`)).json<Row[]>();
    assert.match(String(delivery['delivered_at']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual([delivery['status'], delivery['code'], delivery['response_status_code']], ['success', '200', 200]);
    assert.deepEqual(delivery['response_data'], { status: 200, body: { a: { n: 1.5 }, b: 1 } });
    assert.equal(delivery['response_body'], '{"b":1,"a":{"n":1.50}}');
    const none = await api.expect(200, 'GET', `/${tenant()}/events/${id}/deliveries?destination_id=other`);
    assert.deepEqual(none.json<Row[]>(), []);
  });

  it('58, 59: are retried, and shown without a status when there was no attempt', async () => {
    await create({ id: 'd' });
    await create({ id: 'deaf', topics: ['user.deleted'] });
    const id = `${tenant()}-e`;
    await publish({ id });
    await settled(1);
    const retry = `destinations/d/events/${id}/retry`;
    assert.deepEqual([(await call('POST', `/${tenant()}/${retry}`)).status], [202]);
    await settled(2);
    assert.equal((await asTenant('POST', `/${retry}`)).text, '{"success":true}');
    await settled(3);
    const other = await api.expect(200, 'GET', `/${tenant()}/destinations/deaf/events/${id}`);
    assert.equal('status' in other.json(), false);
    const at = (destination: string, event: string): Promise<readonly unknown[]> =>
      fault(call('POST', `/${tenant()}/destinations/${destination}/events/${event}/retry`));
    assert.deepEqual(await at('none', id), [404, 'destination not found']);
    assert.deepEqual(await at('d', 'none'), [404, 'event not found']);
    await call('PUT', `/${tenant()}/destinations/d/disable`);
    assert.deepEqual(await at('d', id), [400, 'destination is disabled']);
  });

  it('60: are those of v1 where the path names no tenant', async () => {
    assert.deepEqual(Object.keys((await asTenant('GET', '/events')).json()), ['models', 'pagination']);
  });
});
