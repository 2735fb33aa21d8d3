/** The built package on the other runtimes: portable-suite.mjs runs in each of them, and what it saw is judged here. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureRuntime } from '../../scripts/runtimes.mjs';
import { type ComposedServer, composedServer } from '../support/composed-server.ts';
import { BODY_SHAPES, ERROR_STATUSES, expectedClass } from './error-table.ts';
import { OPERATIONS } from './operations.ts';
import { jsonAnswer, type ScriptedServer, scriptedServer } from './scripted-server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = fileURLToPath(new URL('run-suite.mjs', import.meta.url));
const TENANT = 'tenant-1';
const WEBHOOK = { payload: '{"name":"Zoë 🚀"}', secret: 'whsec_a' };
const SIGNATURE = createHmac('sha256', WEBHOOK.secret).update(WEBHOOK.payload).digest('hex');
const CASES = ERROR_STATUSES.flatMap((status) => BODY_SHAPES.map((shape) => ({ status, shape })));

type Shown = Readonly<Record<string, unknown>>;
interface Seen {
  readonly table: readonly (readonly [string, string, string | null, number | null, string | null])[];
  readonly key: Readonly<Record<string, unknown>>;
  readonly token: Readonly<Record<string, unknown>>;
  readonly odd: Shown;
  readonly retried: unknown;
  readonly late: string;
  readonly aborted: string;
  readonly broken: string;
  readonly redirected: string;
  readonly webhook: readonly string[];
}

const COMMANDS: Readonly<Record<string, () => readonly string[] | null>> = {
  'Node 20': () => commandOf(ensureRuntime('Node 20')),
  [`Node ${process.versions.node.split('.')[0]}`]: () => [process.execPath],
  Deno: () => commandOf(ensureRuntime('Deno'), 'run', '--allow-net', '--allow-read', '--no-lock', '--no-config'),
  Bun: () => commandOf(ensureRuntime('Bun'), 'run'),
};

function commandOf(binary: string | null, ...args: readonly string[]): readonly string[] | null {
  return binary === null ? null : [binary, ...args];
}

describe('the built client', () => {
  let folder: string;
  let server: ComposedServer;
  let scripted: ScriptedServer;
  let closedURL: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'outpost-sdk-'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const tsc = ['node_modules/typescript/bin/tsc', '-p', 'sdk/tsconfig.json', '--outDir', folder];
    const built = spawnSync(process.execPath, tsc, { cwd: ROOT, encoding: 'utf8' });
    assert.equal(built.status, 0, built.stdout);
    server = await composedServer({ profile: 'memory' });
    await server.putTenant(TENANT);
    const closed = await scriptedServer();
    closedURL = closed.serverURL;
    await closed.close();
    scripted = await scriptedServer();
  });
  after(async () => {
    await scripted.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  /** Answers by the tenant that is asked for. */
  function script(): void {
    let flaky = 0;
    scripted.answerBy(({ path }) => {
      const [tenant = '', , id] = path.slice('/api/v1/'.length).split('/');
      const asked = /^case-\d+$/.test(tenant) ? CASES[Number(tenant.slice(5))] : undefined;
      if (asked !== undefined) {
        const headers = asked.shape.contentType === null ? {} : { 'content-type': asked.shape.contentType };
        return { status: asked.status, headers, body: asked.shape.body };
      }
      if (tenant === 'silent') return 'hang';
      if (tenant === 'elsewhere') return { status: 307, headers: { location: '/api/v1/t/destinations' } };
      if (tenant === 'flaky' && flaky++ < 2) return jsonAnswer(503, { message: 'not now' });
      return jsonAnswer(200, id === undefined ? [] : { id, type: 'carrier_pigeon', new_member: 1 });
    });
  }

  async function run([binary = '', ...args]: readonly string[]): Promise<Seen> {
    const { token } = (await server.expect(200, 'GET', `/tenants/${TENANT}/token`)).json<{ token: string }>();
    const task = {
      sdk: pathToFileURL(join(folder, 'outpost-sdk.js')).href,
      serverURL: `${server.url}/api/v1`,
      scriptedURL: scripted.serverURL,
      closedURL,
      key: server.adminKey,
      token,
      tenant: TENANT,
      cases: CASES.map((_, index) => `case-${index}`),
      webhook: { ...WEBHOOK, headers: { 'X-Outpost-Signature': `v0=${SIGNATURE}`, 'x-outpost-event-id': 'evt_1' } },
    };
    const options = { cwd: folder, env: { PATH: process.env['PATH'], HOME: folder, NO_COLOR: '1' } };
    const child = spawn(binary, [...args, PROGRAM, JSON.stringify(task)], {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [[code], output, errors] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
    assert.equal(code, 0, errors);
    return JSON.parse(output) as Seen;
  }

  for (const [name, command] of Object.entries(COMMANDS)) {
    it(`works on ${name}`, async (test) => {
      const found = command();
      if (found === null) return test.skip(`${name} could not be installed; try: node scripts/runtimes.mjs`);
      script();
      const seen = await run(found);
      judgeTable(seen.table, (line) => test.diagnostic(line));
      judgeOperations(seen.key);
      judgeOperations(seen.token);
      assert.deepEqual(seen.odd, { id: 'odd%20%C3%BC%2F', type: 'carrier_pigeon', new_member: 1 });
      assert.deepEqual(seen.retried, []);
      assert.deepEqual(
        [seen.late, seen.aborted, seen.broken, seen.redirected],
        ['RequestTimeoutError', 'RequestAbortedError', 'ConnectionError', 'APIError'],
      );
      assert.deepEqual(seen.webhook, ['evt_1', 'signature', 'signature']);
    });
  }
});

function judgeTable(table: Seen['table'], tell: (line: string) => void): void {
  assert.equal(table.length, CASES.length * OPERATIONS.length, 'the matrix has a hole');
  const hidden = new Set<number>();
  for (const [tenant, operation, name, statusCode, message] of table) {
    const { status, shape } = CASES[Number(tenant.slice('case-'.length))]!;
    const what = `${operation} ${status} ${shape.name}`;
    if (status === 407 && name === 'ConnectionError') {
      hidden.add(status);
      continue;
    }
    const expected = shape.isJson
      ? expectedClass(operation as (typeof OPERATIONS)[number]['name'], status)
      : 'APIError';
    assert.deepEqual([name, statusCode], [expected, status], what);
    if (shape.isJson) assert.equal(message, 'why', what);
  }
  if (hidden.size > 0) tell('`fetch` of this runtime shows a 407 as a broken connection');
}

function judgeOperations(answers: Readonly<Record<string, unknown>>): void {
  const { list, delete: deleted, ...single } = answers;
  const shown = (answer: unknown): Shown => {
    const { id, type, config, disabledAt, createdAt } = answer as Shown;
    assert.ok(!Number.isNaN(Date.parse(String(createdAt))));
    return { id, type, config, disabledAt };
  };
  const expected = { id: 'des_1', type: 'webhook', config: { url: 'https://example.com/hook' }, disabledAt: null };
  assert.deepEqual((list as readonly unknown[]).map(shown), [expected]);
  const { disable, ...enabled } = single;
  for (const answer of Object.values(enabled)) assert.deepEqual(shown(answer), expected);
  assert.ok(!Number.isNaN(Date.parse(String((disable as Shown)['disabledAt']))));
  assert.deepEqual(deleted, { success: true });
}
