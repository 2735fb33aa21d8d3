/**
 * What portable-suite.mjs runs against, and the judgement of what it saw: the built package, a composed server, one that
 * answers by script, and an address where nobody listens.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { composedServer } from '../support/composed-server.ts';
import { BODY_SHAPES, ERROR_STATUSES, expectedClass } from './error-table.ts';
import { OPERATIONS } from './operations.ts';
import { jsonAnswer, type Rule, scriptedServer } from './scripted-server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TENANT = 'tenant-1';
const WEBHOOK = { payload: '{"name":"Zoë 🚀"}', secret: 'whsec_a' };
const SIGNATURE = createHmac('sha256', WEBHOOK.secret).update(WEBHOOK.payload).digest('hex');
const CASES = ERROR_STATUSES.flatMap((status) => BODY_SHAPES.map((shape) => ({ status, shape })));

type Shown = Readonly<Record<string, unknown>>;

/** What the suite reports. */
export interface Seen {
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

export interface PortableWorld {
  /** With the built package in it. */
  readonly folder: string;
  /** The suite's task; the script begins anew. @param throughRule what stands before the script */
  task(throughRule?: (rule: Rule) => Rule): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
}

/** @param env of the composed server, in addition to what tests need */
export async function portableWorld(env: Readonly<Record<string, string>> = {}): Promise<PortableWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-sdk-'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'sdk/tsconfig.json', '--outDir', folder];
  const built = spawnSync(process.execPath, tsc, { cwd: ROOT, encoding: 'utf8' });
  assert.equal(built.status, 0, built.stdout);
  const server = await composedServer({ profile: 'memory', env });
  await server.putTenant(TENANT);
  const closed = await scriptedServer();
  const closedURL = closed.serverURL;
  await closed.close();
  const scripted = await scriptedServer();
  return {
    folder,
    async task(throughRule = (rule) => rule) {
      scripted.answerBy(throughRule(script()));
      const { token } = (await server.expect(200, 'GET', `/tenants/${TENANT}/token`)).json<{ token: string }>();
      return {
        serverURL: `${server.url}/api/v1`,
        scriptedURL: scripted.serverURL,
        closedURL,
        key: server.adminKey,
        token,
        tenant: TENANT,
        cases: CASES.map((_, index) => `case-${index}`),
        webhook: { ...WEBHOOK, headers: { 'X-Outpost-Signature': `v0=${SIGNATURE}`, 'x-outpost-event-id': 'evt_1' } },
      };
    },
    async close() {
      await scripted.close();
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Answers by the tenant that is asked for. */
function script(): Rule {
  let flaky = 0;
  return ({ path }) => {
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
  };
}

/** @param tell takes what the runtime does in its own way */
export function judge(seen: Seen, tell: (line: string) => void): void {
  judgeTable(seen.table, tell);
  judgeOperations(seen.key);
  judgeOperations(seen.token);
  assert.deepEqual(seen.odd, { id: 'odd%20%C3%BC%2F', type: 'carrier_pigeon', new_member: 1 });
  assert.deepEqual(seen.retried, []);
  assert.deepEqual(
    [seen.late, seen.aborted, seen.broken, seen.redirected],
    ['RequestTimeoutError', 'RequestAbortedError', 'ConnectionError', 'APIError'],
  );
  assert.deepEqual(seen.webhook, ['evt_1', 'signature', 'signature']);
}

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
