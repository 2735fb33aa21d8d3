/** Every example of the client's README: it compiles against the client, runs against the server, and shows what it says. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { type ComposedServer, composedServer } from '../support/composed-server.ts';
import { ERROR_ROWS } from './error-table.ts';
import { OPERATIONS } from './operations.ts';

const README = readFileSync(new URL('../../sdk/README.md', import.meta.url), 'utf8');
const SDK = new URL('../../sdk/src/outpost-sdk.ts', import.meta.url);
const TENANT = 'tenant-1';
const PATH = `/tenants/${TENANT}/destinations`;
const DESTINATION = {
  id: 'user-provided-id',
  type: 'rabbitmq',
  topics: '*',
  config: { server_url: 'localhost:5672', exchange: 'my-exchange', tls: 'false' },
  credentials: { username: 'guest', password: 'guest' },
};

/** The text below a heading, up to the next one of any rank. */
function section(title: string): string {
  const found = README.split(/^#+ /m).find((part) => part.startsWith(`${title}\n`));
  assert.ok(found !== undefined, `the README has no section ${title}`);
  return found;
}

function exampleOf(title: string): string {
  const code = /```ts\n(.*?)```/s.exec(section(title))?.[1];
  assert.ok(code !== undefined, `the section ${title} has no example`);
  return code;
}

describe('the README of the client', () => {
  let server: ComposedServer;
  let folder: string;
  let token: string;
  before(async () => {
    server = await composedServer({ profile: 'memory' });
    await server.putTenant(TENANT);
    token = (await server.expect(200, 'GET', `/tenants/${TENANT}/token`)).json<{ token: string }>().token;
    folder = mkdtempSync(join(tmpdir(), 'outpost-readme-'));
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  /** Runs an example with this server's address and credentials; answers its exports and what it showed. */
  async function run(title: string) {
    const code = exampleOf(title)
      .replace(`'outpost-sdk'`, `'${SDK.href}'`)
      .replace('http://localhost:3333', server.url)
      .replace('<TENANT_ID>', TENANT)
      .replace('<ADMIN_API_KEY>', server.adminKey)
      .replace('<TENANT_JWT>', token)
      .replace('<WEBHOOK_SECRET>', 'whsec_a');
    const file = join(folder, `${title.replaceAll(/\W+/g, '-')}.ts`);
    const shown: unknown[] = [];
    writeFileSync(file, code.replaceAll('console.log(', 'globalThis.shownByReadme('));
    Object.assign(globalThis, { shownByReadme: (value: unknown) => shown.push(value) });
    const exported = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
    return { exported, shown: shown[0] };
  }
  /** The destination of the examples is there, or not. */
  async function prepare(isThere: boolean): Promise<void> {
    await server.call('DELETE', `${PATH}/${DESTINATION.id}`);
    if (isThere) await server.expect(201, 'POST', PATH, DESTINATION);
  }

  for (const { name } of OPERATIONS) {
    it(`has an example of ${name} that works`, async () => {
      await prepare(name !== 'create');
      const { shown } = await run(name);
      if (name === 'delete') return assert.deepEqual(shown, { success: true });
      const destination = (name === 'list' ? (shown as readonly unknown[])[0] : shown) as Record<string, unknown>;
      const { id, type, topics, config, credentials, createdAt, disabledAt } = destination;
      assert.deepEqual(
        { id, type, topics, config, credentials },
        { ...DESTINATION, topics: ['*'], credentials: { username: 'guest', password: '*****' } },
      );
      assert.ok(createdAt instanceof Date);
      if (name === 'disable') assert.ok(disabledAt instanceof Date);
      else assert.equal(disabledAt, null);
    });

    it(`has the errors of ${name} as they are`, () => {
      const rows = [...section(name).matchAll(/^\| `(\w+Error)` \| (.*) \|$/gm)].map(([, type, text]) => ({
        type,
        statuses: [...(text ?? '').matchAll(/\d{3}/g)].map(([status]) => Number(status)),
      }));
      const hasBadRequest = name !== 'create' && name !== 'update';
      const expected = Object.entries(ERROR_ROWS).map(([type, statuses]) => ({
        type,
        statuses: type === 'BadRequestError' && hasBadRequest ? [400, ...statuses] : statuses,
      }));
      assert.deepEqual(rows, [...expected, { type: 'APIError', statuses: hasBadRequest ? [] : [400] }]);
    });
  }

  it('has examples of errors, of retries and of a token that work', async () => {
    await prepare(true);
    assert.equal((await run('Errors')).shown, 'not there');
    for (const title of ['Retries', "In a browser, with a tenant's token"]) {
      const { shown } = await run(title);
      assert.equal((shown as readonly { readonly id: string }[])[0]?.id, DESTINATION.id, title);
    }
  });

  it('has an example of a receiver that works', async () => {
    const { exported } = await run('For receivers of webhooks');
    const receive = exported['receive'] as (request: Request) => Promise<Response>;
    const send = async (secret: string): Promise<string> => {
      const headers = {
        'x-outpost-signature': `v0=${createHmac('sha256', secret).update('{}').digest('hex')}`,
        'x-outpost-timestamp': new Date().toISOString(),
        'x-outpost-event-id': 'evt_1',
      };
      const answer = await receive(new Request('http://receiver.example/', { method: 'POST', body: '{}', headers }));
      return `${answer.status} ${await answer.text()}`;
    };
    assert.equal(await send('whsec_a'), '200 got evt_1');
    assert.equal(await send('whsec_b'), '401 signature');
  });

  it('has examples that compile', () => {
    const titles = [...README.matchAll(/^#+ (.*)\n/gm)].map(([, title]) => title!);
    const files = titles
      .filter((title) => /```ts/.test(section(title)))
      .map((title, index) => {
        const file = join(folder, `compiled-${index}.ts`);
        writeFileSync(file, exampleOf(title).replace(`'outpost-sdk'`, `'${fileURLToPath(SDK)}'`));
        return file;
      });
    assert.equal(files.length, OPERATIONS.length + 4);
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: [],
      allowImportingTsExtensions: true,
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
    };
    const found = ts.getPreEmitDiagnostics(ts.createProgram(files, options));
    assert.deepEqual(
      found.map(({ messageText, file }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
      [],
    );
  });
});
