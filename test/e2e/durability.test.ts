/**
 * Durability as the kernel sees it: between the bytes of a publish and those of its 202, the event is written to the
 * database's log and that log is synced to the disk. Seen with strace, so that no code of ours is believed.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { howToInstall, isInstalled, SERVICES } from '../../scripts/services.mjs';
import { apiClient, eventually } from '../support/api-client.ts';
import { ADMIN_KEY, freePort, startServer } from '../support/server-process.ts';

const CALLS = 'read,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,pwritev,fsync,fdatasync';
const strace = SERVICES.find((service) => service.name === 'strace')!;

interface SystemCall {
  readonly text: string;
  /** Places in the order of the trace. */
  readonly begin: number;
  readonly end: number;
}

/** The calls that returned; one that another thread's interrupts is joined again by its thread. */
function parseTrace(trace: string): readonly SystemCall[] {
  const calls: SystemCall[] = [];
  const open = new Map<string, { text: string; begin: number }>();
  for (const [place, line] of trace.split('\n').entries()) {
    const [, thread, text] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (thread === undefined || text === undefined) continue;
    const resumed = /^<\.\.\. \w+ resumed>/.exec(text);
    const begun = open.get(thread);
    if (text.endsWith('<unfinished ...>')) open.set(thread, { text, begin: place });
    else if (resumed !== null && begun !== undefined) {
      calls.push({ text: begun.text + text.slice(resumed[0].length), begin: begun.begin, end: place });
      open.delete(thread);
    } else calls.push({ text, begin: place, end: place });
  }
  return calls.sort((one, other) => one.end - other.end);
}

describe('a 202', { timeout: 120_000 }, () => {
  const skip = isInstalled(strace) ? false : `strace is missing; install it with: ${howToInstall(strace)}`;

  it('is written after the log that holds its event was synced', { skip }, async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'outpost-durable-'));
    const file = join(dataDir, 'trace');
    const options = ['-D', '-f', '-y', '-s', '8192', '-o', file, '-e', `trace=${CALLS}`, '-e', 'signal=none'];
    const server = await startServer({ dataDir, port: await freePort(), wrapper: ['strace', ...options] });
    try {
      const api = apiClient(() => server.url, ADMIN_KEY);
      await api.putTenant('owner');
      // An event that matches nothing: every sync is the publish's own or another's, never that of its attempts.
      await api.createWebhook('owner', 'http://127.0.0.1:9/', { topics: ['other'] });
      const ids = ['durable-event-one', 'durable-event-two', 'durable-event-three'];
      for (const id of ids) await api.publish({ id, tenant_id: 'owner', topic: 'a' });
      assert.equal(await server.end('SIGTERM'), 0, server.output());
      const trace = await eventually('the end of the trace', async () => {
        const text = await readFile(file, 'latin1');
        return text.includes('+++ exited with 0 +++') ? text : null;
      });
      const calls = parseTrace(trace);
      const find = (what: string, from: number, matches: (text: string) => boolean): SystemCall => {
        const found = calls.find((call) => call.begin > from && matches(call.text));
        assert.ok(found !== undefined, `the trace has no ${what}`);
        return found;
      };
      for (const id of ids) {
        const publish = find(
          'publish',
          -1,
          (text) => /^(read|recv)/.test(text) && text.includes(`\\"id\\":\\"${id}\\"`),
        );
        const reply = find('202', publish.end, (text) => /HTTP\/1\.1 202 /.test(text) && text.includes(id));
        const log = find(
          'write to the log',
          publish.end,
          (text) => /^pwrite.*store\.db-wal>/.test(text) && text.includes(id),
        );
        const sync = find('sync of the log', log.end, (text) =>
          /^f(data)?sync\(\d+<.*store\.db-wal>\) += 0$/.test(text),
        );
        assert.ok(sync.end < reply.begin, `the 202 of ${id} was written before its log was synced`);
      }
    } finally {
      await server.end('SIGKILL');
      await rm(dataDir, { recursive: true });
    }
  });
});
