/** A started server and, for each test, a tenant of its own with a token: what tests of 0.x begin from. */
import assert from 'node:assert/strict';
import { after, before, beforeEach } from 'node:test';
import { sink, type Sink } from '../recorded/sink.ts';
import { type ApiClient, apiClient, type ApiReply } from './api-client.ts';
import { type ServerUnderTest, serverUnderTest } from './server.ts';

export type Row = Readonly<Record<string, unknown>>;

/** Registers the hooks of the calling file, and answers what its tests call. */
export function v0World() {
  let server: ServerUnderTest;
  let receiver: Sink;
  let token = '';
  let tenant = '';
  let tests = 0;
  const api: ApiClient = apiClient(() => `http://${server.host}`, 'admin-key');

  before(async () => {
    receiver = await sink();
    server = await serverUnderTest({ TOPICS: 'user.created,user.updated,user.deleted' });
  });
  after(async () => {
    await server.close();
    await receiver.close();
    assert.deepEqual(server.errors, []);
  });
  beforeEach(async () => {
    tests += 1;
    tenant = `t${tests}`;
    await api.expect(201, 'PUT', `/${tenant}`);
    token = (await api.expect(200, 'GET', `/${tenant}/token`)).json<{ token: string }>().token;
  });

  /** @param authorization the operator's when missing */
  const call = (method: string, path: string, body?: Row | string, authorization?: string): Promise<ApiReply> =>
    api.call(method, path, body, authorization === undefined ? {} : { authorization });
  const hook = (more: Row = {}): Row => ({
    type: 'webhook',
    topics: '*',
    config: { url: `http://${receiver.host}/ok` },
    ...more,
  });
  return {
    api,
    call,
    /** The body that creates a webhook. */
    hook,
    serverHost: () => server.host,
    /** The receiver's `host:port`. */
    sinkHost: () => receiver.host,
    tenant: () => tenant,
    token: () => token,
    asTenant: (method: string, path: string, body?: Row | string) => call(method, path, body, `Bearer ${token}`),
    create: (more: Row = {}) => call('POST', `/${tenant}/destinations`, hook(more)),
    statusOf: async (reply: Promise<ApiReply>): Promise<number> => (await reply).status,
    /** An error of 0.x: status, message, and the rules by field if there are any. */
    async fault(reply: Promise<ApiReply>): Promise<readonly unknown[]> {
      const { status, text, headers } = await reply;
      const body = JSON.parse(text) as { message: string; data?: unknown };
      assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
      assert.equal('status' in body, false);
      return body.data === undefined ? [status, body.message] : [status, body.message, body.data];
    },
  };
}
