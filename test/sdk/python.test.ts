/**
 * The Python client. Against a scripted server: its errors are those of ours but for the differences named here, and it
 * retries as its documentation says. Against ours: the documentation's examples, with both credentials and every way to
 * name a tenant.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ensurePythonSdk, PYTHON_SDK_VERSIONS } from '../../scripts/python-sdk.mjs';
import { type ComposedServer, composedServer } from '../support/composed-server.ts';
import { BODY_SHAPES, ERROR_STATUSES, expectedClass } from './error-table.ts';
import { OPERATIONS } from './operations.ts';
import { callPython, type PythonError } from './python-client.ts';
import { jsonAnswer, type ScriptedServer, scriptedServer, type SeenRequest } from './scripted-server.ts';

const CREDENTIAL = { admin_api_key: 'key' };
const DESTINATION = {
  id: 'user-provided-id',
  type: 'rabbitmq',
  topics: ['*'],
  config: { server_url: 'localhost:5672', exchange: 'my-exchange', tls: 'false' },
  credentials: { username: 'guest', password: '*****' },
  created_at: '2026-01-02T03:04:05.678Z',
  disabled_at: null,
};

/** What the operation's success looks like. */
function success({ method, path }: SeenRequest) {
  if (method === 'POST') return jsonAnswer(201, DESTINATION);
  if (method === 'DELETE') return jsonAnswer(200, { success: true });
  return jsonAnswer(200, path.endsWith('/destinations') ? [DESTINATION] : DESTINATION);
}

/** The one name that differs, and malformed JSON, which Python reports as an error of another kind. */
function expectedInPython(shape: (typeof BODY_SHAPES)[number], expected: string): string {
  if (shape.name === 'malformed' && expected !== 'APIError') return 'ResponseValidationError';
  return expected === 'TimeoutError' ? 'TimeoutErrorT' : expected;
}

interface Shown {
  readonly [member: string]: unknown;
}
type Example = Readonly<Record<string, unknown>>;

const TENANT = 'tenant-1';
const MEMBERS = {
  id: 'user-provided-id',
  type: 'rabbitmq',
  topics: ['*'],
  config: { server_url: 'localhost:5672', exchange: 'my-exchange', tls: 'false' },
  credentials: { username: 'guest', password: '*****' },
};

function checkDestination(what: string, shown: unknown, isDisabled = false): void {
  const { id, type, topics, config, credentials, created_at: created, disabled_at: disabled } = shown as Shown;
  assert.deepEqual({ id, type, topics, config, credentials }, MEMBERS, what);
  assert.ok(!Number.isNaN(Date.parse(String(created))), what);
  if (isDisabled) assert.ok(!Number.isNaN(Date.parse(String(disabled))), what);
  else assert.equal(disabled, null, what);
}

/** Each operation's answer. */
function checkExample(what: string, answers: Example): void {
  assert.equal(answers['error'], undefined, `${what}: ${JSON.stringify(answers)}`);
  const list = answers['list'] as readonly unknown[];
  assert.equal(list.length, 1, what);
  checkDestination(`${what}, list`, list[0]);
  for (const name of ['create', 'get', 'update', 'enable']) checkDestination(`${what}, ${name}`, answers[name]);
  checkDestination(`${what}, disable`, answers['disable'], true);
  assert.deepEqual(answers['delete'], { success: true }, what);
}

const TENANT_NAMED: Readonly<Record<string, object>> = {
  'tenant on the client': { tenant_of_client: { tenant_id: TENANT } },
  'tenant per call': { tenant_of_call: { tenant_id: TENANT } },
  'tenant per call, another on the client': {
    tenant_of_client: { tenant_id: 'another' },
    tenant_of_call: { tenant_id: TENANT },
  },
  'no tenant': {},
};
const CASES = (['admin', 'jwt'] as const).flatMap((credential) =>
  Object.entries(TENANT_NAMED)
    .filter(([named]) => credential === 'jwt' || named !== 'no tenant')
    .flatMap(([named, tenant]) =>
      [false, true].map((isAsync) => ({
        name: `${credential}, ${named}, ${isAsync ? 'async' : 'sync'}`,
        credential,
        tenant,
        isAsync,
      })),
    ),
);

for (const version of PYTHON_SDK_VERSIONS) {
  const python = ensurePythonSdk(version);
  const skip = python === null ? `no Python client: try \`node scripts/python-sdk.mjs\`` : false;

  describe(`outpost_sdk ${version} and the client`, { skip }, () => {
    let server: ScriptedServer;
    const call = <Answer>(task: Readonly<Record<string, unknown>>): Promise<Answer> =>
      callPython(python ?? '', { server_url: server.serverURL, credential: CREDENTIAL, ...task });
    before(async () => {
      server = await scriptedServer();
    });
    after(() => server.close());

    // One version is enough for what takes a thousand calls.
    const isFirst = version === PYTHON_SDK_VERSIONS[0];
    if (isFirst) {
      it('have the same errors, but for a name and for malformed JSON', async (test) => {
        const cases = ERROR_STATUSES.flatMap((status) => BODY_SHAPES.map((shape) => ({ status, shape })));
        server.answerBy(({ path }) => {
          const asked = cases[Number(/^\/api\/v1\/case-(\d+)\//.exec(path)?.[1])];
          assert.ok(asked !== undefined, path);
          const headers = asked.shape.contentType === null ? {} : { 'content-type': asked.shape.contentType };
          return { status: asked.status, headers, body: asked.shape.body };
        });
        const rows = await call<readonly (readonly [string, string, PythonError | null])[]>({
          action: 'table',
          tenants: cases.map((_, index) => `case-${index}`),
        });
        assert.equal(rows.length, cases.length * OPERATIONS.length);
        const differences = new Set<string>();
        for (const [tenant, name, error] of rows) {
          const { status, shape } = cases[Number(tenant.slice('case-'.length))]!;
          const operation = OPERATIONS.find((one) => one.name === name)!;
          const json = expectedClass(operation.name, status);
          const ours = shape.isJson ? json : 'APIError';
          const malformed = shape.name === 'malformed' ? expectedInPython(shape, json) : expectedInPython(shape, ours);
          assert.equal(error?.error, malformed, `${name} ${status} ${shape.name}`);
          assert.equal(error.status, status);
          if (shape.isJson && json !== 'APIError') assert.equal(error.message, 'why');
          if (ours !== malformed) differences.add(`${shape.name}: ${ours} here, ${malformed} in Python`);
        }
        for (const difference of differences) test.diagnostic(difference);
        assert.deepEqual([...differences].sort(), [
          'JSON: TimeoutError here, TimeoutErrorT in Python',
          'malformed: APIError here, ResponseValidationError in Python',
        ]);
      });
    }

    it('retry each operation that is answered 503 twice', async () => {
      const times = new Map<string, number>();
      server.answerBy((request) => {
        const key = `${request.method} ${request.path}`;
        const count = (times.get(key) ?? 0) + 1;
        times.set(key, count);
        return count <= 2 ? jsonAnswer(503, { message: 'not now' }) : success(request);
      });
      assert.equal(await call({ action: 'retries' }), true);
      assert.deepEqual([...times.values()], [3, 3, 3, 3, 3, 3, 3]);
    });

    it('write the create example alike, except that Python 3.11 refuses the member of an enum in a dict', async () => {
      const bodies: unknown[] = [];
      server.answerBy((request) => {
        bodies.push(JSON.parse(request.body));
        return success(request);
      });
      await call({ action: 'form', form: 'typed' });
      await call({ action: 'form', form: 'text' });
      assert.equal(bodies.length, 2);
      assert.deepEqual(bodies[0], bodies[1]);
      const { error } = await call<Partial<PythonError>>({ action: 'form', form: 'dict' });
      assert.equal(bodies.length, error === undefined ? 3 : 2, 'either sent or refused before');
    });
  });

  describe(`outpost_sdk ${version} and the server`, { skip }, () => {
    let server: ComposedServer;
    let credentials: Readonly<Record<'admin' | 'jwt', Readonly<Record<string, string>>>>;
    before(async () => {
      server = await composedServer({ profile: 'memory' });
      await server.putTenant(TENANT);
      const { token } = (await server.expect(200, 'GET', `/tenants/${TENANT}/token`)).json<{ token: string }>();
      credentials = { admin: { admin_api_key: server.adminKey }, jwt: { tenant_jwt: token } };
    });
    after(() => server.stop());
    const call = <Answer>(task: Readonly<Record<string, unknown>>): Promise<Answer> =>
      callPython(python ?? '', { server_url: `${server.url}/api/v1`, credential: credentials.admin, ...task });

    it('run the seven examples with both credentials and every way to name a tenant, sync and async', async () => {
      const tasks = CASES.map(({ credential, tenant, isAsync }) => ({
        action: 'example',
        server_url: `${server.url}/api/v1`,
        credential: credentials[credential],
        form: isAsync ? 'text' : 'typed',
        is_async: isAsync,
        ...tenant,
      }));
      const results = await call<readonly Example[]>({ action: 'batch', tasks });
      assert.equal(results.length, CASES.length);
      for (const [index, { name }] of CASES.entries()) checkExample(name, results[index]!);
    });

    it('tell a wrong key, an unknown destination, an invalid body, a foreign tenant and no tenant apart', async () => {
      const base = {
        action: 'attempt',
        server_url: `${server.url}/api/v1`,
        credential: credentials.admin,
        operation: 'list',
        arguments: {},
        tenant_of_client: { tenant_id: TENANT },
      };
      const invalid = { type: 'webhook', topics: '*', config: { url: 'not an address' } };
      const tasks = [
        { ...base, credential: { admin_api_key: 'wrong' } },
        { ...base, operation: 'get', arguments: { destination_id: 'nothing' } },
        { ...base, operation: 'create', arguments: { destination_create: invalid } },
        { ...base, credential: credentials.jwt, tenant_of_client: { tenant_id: 'another' } },
        { ...base, tenant_of_client: {} },
      ];
      const errors = await call<readonly PythonError[]>({ action: 'batch', tasks });
      assert.deepEqual(
        errors.map(({ error, status }) => [error, status]),
        [
          ['UnauthorizedError', 401],
          ['APIError', 404],
          ['BadRequestError', 422],
          ['UnauthorizedError', 401],
          ['APIError', 404],
        ],
      );
    });
  });
}
