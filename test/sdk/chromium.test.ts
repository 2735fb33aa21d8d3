/**
 * The built package in a browser: a page of another origin than the API's runs portable-suite.mjs in Chromium and posts
 * what it saw to the server that it came from. The same page under another name of that server is of an origin that
 * nobody listed.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { howToInstall, isInstalled, SERVICES } from '../../scripts/services.mjs';
import { judge, type PortableWorld, portableWorld, type Seen } from './portable-world.ts';
import type { Rule } from './scripted-server.ts';

const SUITE = fileURLToPath(new URL('portable-suite.mjs', import.meta.url));
const CHROMIUM = SERVICES.find(({ name }) => name === 'Chromium')!;
const skip = isInstalled(CHROMIUM) ? false : `Chromium is missing; install it with: ${howToInstall(CHROMIUM)}`;

const PAGE = `<!doctype html><title>suite</title><link rel="icon" href="data:,"><script type="module">
  const report = (seen) => fetch('/seen', { method: 'POST', body: JSON.stringify(seen) });
  try {
    const [sdk, { runSuite }, task] = await Promise.all([
      import('/sdk/outpost-sdk.js'),
      import('/suite.mjs'),
      fetch('/task').then((answer) => answer.json()),
    ]);
    await report(await runSuite(sdk, task));
  } catch (error) {
    await report({ failure: error.name + ': ' + error.message });
  }
</script>`;

/** What lets the page read the scripted server, whose subject is the client and not who may ask. */
const OPEN = { 'access-control-allow-origin': '*', 'access-control-max-age': '600' };
const openTo =
  (rule: Rule): Rule =>
  (request) => {
    const preflight = {
      ...OPEN,
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
    };
    if (request.method === 'OPTIONS') return { status: 204, headers: preflight };
    const answer = rule(request);
    return answer === 'hang' ? answer : { ...answer, headers: { ...answer.headers, ...OPEN } };
  };

type Reported = Seen | { readonly failure: string };

describe('the built client in Chromium', { skip }, () => {
  let world: PortableWorld;
  let pages: Server;
  let port: number;
  let task: Readonly<Record<string, unknown>> = {};
  let taken: (seen: Reported) => void = () => {};
  before(async () => {
    pages = createServer((request, response) => {
      const { url = '' } = request;
      const send = (type: string, body: string | Buffer): void =>
        void response.writeHead(200, { 'content-type': type }).end(body);
      const file = /^\/sdk\/([\w-]+\.js)$/.exec(url)?.[1];
      if (url === '/') send('text/html; charset=utf-8', PAGE);
      else if (url === '/task') send('application/json', JSON.stringify(task));
      else if (url === '/suite.mjs') send('text/javascript', readFileSync(SUITE));
      else if (file !== undefined) send('text/javascript', readFileSync(join(world.folder, file)));
      else if (url === '/seen') {
        void text(request).then((body) => {
          send('text/plain', '');
          taken(JSON.parse(body) as Reported);
        });
      } else response.writeHead(404).end();
    });
    pages.listen(0, '127.0.0.1');
    await once(pages, 'listening');
    port = (pages.address() as AddressInfo).port;
    world = await portableWorld({ API_CORS_ORIGINS: `http://127.0.0.1:${port}` });
  });
  after(async () => {
    await world.close();
    pages.closeAllConnections();
    pages.close();
  });

  /** Opens the page and answers what it reports. */
  async function reportOf(host: string): Promise<Reported> {
    const profile = mkdtempSync(join(tmpdir(), 'outpost-chromium-'));
    const reported = new Promise<Reported>((resolve) => {
      taken = resolve;
    });
    const browser = chromium(profile, `http://${host}:${port}/`);
    const errors = text(browser.stderr!);
    const ended = once(browser, 'close');
    try {
      return await Promise.race([
        reported,
        ended.then(async () => assert.fail(`Chromium ended before the page reported: ${await errors}`)),
      ]);
    } finally {
      browser.kill();
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  }

  it('works on a page of an origin that the server lists', async (test) => {
    task = await world.task(openTo);
    const seen = await reportOf('127.0.0.1');
    assert.ok(!('failure' in seen), JSON.stringify(seen));
    judge(seen, (line) => test.diagnostic(line));
  });

  it('reaches nothing from a page of any other origin', async () => {
    task = { ...(await world.task(openTo)), cases: [] };
    const seen = await reportOf('localhost');
    assert.match('failure' in seen ? seen.failure : 'it worked', /^ConnectionError: /);
  });
});

/** Alone, without its sandbox, which root can't have, and without anything that it would fetch for itself. */
function chromium(profile: string, page: string): ChildProcess {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return spawn(CHROMIUM.binary, [...flags, ...quiet, `--user-data-dir=${profile}`, page], {
    env: { PATH: process.env['PATH'], HOME: profile },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
