/** `outpost dev` as a newcomer meets it: a process in an empty folder, its output, Ctrl-C, and a second start. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/server-process.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

interface Dev {
  /** Resolves with everything printed so far once it contains the text. */
  until(text: string): Promise<string>;
  interrupt(): Promise<number | null>;
}

function startDev(cwd: string, port: number): Dev {
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'dev', '--port', String(port)], {
    cwd,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let onOutput = (): void => {};
  const ended = once(child, 'exit') as Promise<[number | null]>;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      onOutput();
    });
  }
  return {
    until: (text) =>
      Promise.race([
        new Promise<string>((resolve) => {
          onOutput = () => {
            if (output.includes(text)) resolve(output);
          };
          onOutput();
        }),
        ended.then(([code]) => assert.fail(`ended with ${code}:\n${output}`)),
      ]),
    async interrupt() {
      child.kill('SIGINT');
      const [code] = await ended;
      return code;
    },
  };
}

describe('outpost dev', { timeout: 120_000 }, () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'outpost-dev-e2e-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  it('shows a delivered, verified, logged event, stays up, stops on Ctrl-C and finds its data again', async () => {
    const port = await freePort();
    const first = startDev(directory, port);
    const shown = await first.until('Ctrl-C stops.');
    const [, eventId] = /^published {2}(\S+) for tenant demo$/m.exec(shown) ?? [];
    assert.match(shown, /^delivered {2}status 200, [\d.]+ ms, signature verified$/m);
    assert.match(shown, /^logged {5}GET \/attempts shows it$/m);
    assert.equal(statSync(join(directory, '.outpost', 'secrets.json')).mode & 0o777, 0o600);

    const [, key] = /^ {2}KEY=(\S+)$/m.exec(shown) ?? [];
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const api = `http://127.0.0.1:${port}/api/v1`;
    const body = JSON.stringify({ id: 'by-hand', tenant_id: 'demo', topic: 'order.created', data: { order: 1 } });
    const published = await fetch(`${api}/publish`, { method: 'POST', headers, body });
    assert.equal(published.status, 202);
    assert.match(await first.until('by-hand'), /webhook {4}order\.created {2}by-hand {2}signature verified/);
    assert.equal(await first.interrupt(), 0);
    assert.match(await first.until('stopped').catch(String), /stopping\nstopped\n/);

    const second = startDev(directory, port);
    assert.match(await second.until('Ctrl-C stops.'), /^found {6}2 attempts from before$/m);
    const events = (await (await fetch(`${api}/events?tenant_id=demo`, { headers })).json()) as {
      models: { id: string }[];
    };
    const ids = new Set(events.models.map((event) => event.id));
    assert.ok(ids.has('by-hand') && ids.has(eventId ?? ''), [...ids].join());
    assert.equal(await second.interrupt(), 0);
  });
});
