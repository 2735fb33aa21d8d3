import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { StartError } from '../../lib/errors.ts';
import { engineOptions, withDirectory } from '../../../test/support/sqlite-engine.ts';
import { refusedFileSystem } from './data-directory.ts';
import { type EngineOptions, openEngine } from './engine.ts';

function open(path: string, more: Partial<EngineOptions> = {}) {
  return openEngine(engineOptions(path, more));
}

/** Opening is refused with a sentence that matches. */
function refuses(path: string, message: RegExp, more: Partial<EngineOptions> = {}): void {
  assert.throws(
    () => open(path, more),
    (error) => error instanceof StartError && message.test(error.message),
  );
}

/** Changes the database as another program would. */
function tamper(path: string, sql: string): void {
  const db = new DatabaseSync(join(path, 'store.db'));
  db.exec(sql);
  db.close();
}

describe('opening the embedded store', () => {
  it(
    'makes a private directory and files, and sets what durability needs',
    withDirectory((path) => {
      const dataDir = join(path, 'a', 'b');
      const engine = open(dataDir);
      assert.equal(statSync(dataDir).mode & 0o777, 0o700);
      for (const name of readdirSync(dataDir)) assert.equal(statSync(join(dataDir, name)).mode & 0o077, 0, name);
      const pragma = (name: string): unknown => Object.values(engine.db.prepare(`pragma ${name}`).get()!)[0];
      assert.deepEqual(
        ['journal_mode', 'synchronous', 'wal_autocheckpoint', 'journal_size_limit', 'cache_size'].map(pragma),
        ['wal', 2, 0, 64 * 1024 * 1024, -32 * 1024],
      );
      engine.close();
      engine.close();
    }),
  );

  it(
    'begins a new epoch each time and keeps its keys',
    withDirectory((path) => {
      const first = open(path, { randomBytes: (size) => new Uint8Array(size).fill(3) });
      first.close();
      const second = open(path);
      assert.deepEqual([first.epoch, second.epoch], [1, 2]);
      assert.deepEqual(second.attemptIdKey, first.attemptIdKey);
      assert.deepEqual(second.eventKeyKey, first.eventKeyKey);
      second.close();
    }),
  );

  it(
    'refuses a store that is open, and opens it once it is closed',
    withDirectory((path) => {
      const engine = open(path);
      refuses(path, /another process has this store open/);
      refuses(path, /another process has this store open/);
      engine.close();
      open(path).close();
    }),
  );

  it(
    'refuses another encryption secret, and then has changed nothing',
    withDirectory((path) => {
      open(path).close();
      refuses(path, /encryption secret/, { secretCheck: new Uint8Array(32).fill(2) });
      const engine = open(path);
      assert.equal(engine.epoch, 2);
      engine.close();
    }),
  );

  it(
    'refuses a newer database, one of another program, and a file that is none',
    withDirectory((path) => {
      open(path).close();
      tamper(path, 'pragma user_version = 9999');
      refuses(path, /version 9999/);
      rmSync(join(path, 'store.db'));
      tamper(path, 'create table other (id integer)');
      refuses(path, /another program/);
      writeFileSync(join(path, 'store.db'), 'x'.repeat(8_192));
      refuses(path, /not a whole database/);
    }),
  );

  it(
    'refuses a log without its database, and leaves it alone',
    withDirectory((path) => {
      const log = join(path, 'store.db-wal');
      writeFileSync(log, 'x'.repeat(4_152));
      refuses(path, /log of a database that is not there/);
      writeFileSync(join(path, 'store.db'), '');
      refuses(path, /log of a database that is not there/);
      assert.equal(statSync(log).size, 4_152);
    }),
  );

  it(
    'says who owns a directory that it may not write, and makes nothing',
    withDirectory((path) => {
      const dataDir = join(path, 'data');
      mkdirSync(dataDir, { mode: 0o500 });
      chmodSync(path, 0o755);
      // The superuser may write anywhere, so the refused process is somebody else's then.
      const uid = process.getuid!() === 0 ? 65_534 : process.getuid!();
      const program = `
        import { openEngine } from ${JSON.stringify(new URL('./engine.ts', import.meta.url).href)};
        openEngine({ dataDir: process.argv[1], secretCheck: new Uint8Array(32), nowMs: 0, randomBytes: (n) => new Uint8Array(n) });`;
      for (const target of [dataDir, join(dataDir, 'inner')]) {
        const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program, target], {
          uid,
          cwd: fileURLToPath(new URL('/', import.meta.url)),
          encoding: 'utf8',
        });
        assert.equal(status, 1);
        const owner = statSync(dataDir).uid;
        assert.match(
          stderr,
          new RegExp(`StartError: DATA_DIR ${target} cannot be .*belongs to uid ${owner} .*is uid ${uid}`),
        );
        assert.match(stderr, new RegExp(`run: chown -R ${uid} ${dataDir}`));
      }
      assert.deepEqual(readdirSync(dataDir), []);
    }),
  );

  it(
    'refuses a path that is a file',
    withDirectory((path) => {
      const file = join(path, 'file');
      writeFileSync(file, '');
      refuses(file, /is not a directory/);
      refuses(join(file, 'inner'), /cannot be made/);
    }),
  );

  it(
    'leaves no half-made files where a first start fails',
    withDirectory((path) => {
      const randomBytes = (): Uint8Array => {
        throw new Error('no chance');
      };
      assert.throws(() => open(path, { randomBytes }), /no chance/);
      // The database is whole and has no keys yet; the next start makes them.
      const engine = open(path);
      assert.equal(engine.epoch, 1);
      engine.close();
      assert.ok(!existsSync(join(path, 'store.db-wal')));
    }),
  );

  it('knows the file systems that cannot hold the store, whichever way their type is signed', () => {
    assert.deepEqual([0x6969, 0xff534d42, 0xff534d42 | 0, 0x01021997].map(refusedFileSystem), [
      'nfs',
      'cifs',
      'cifs',
      '9p',
    ]);
    assert.equal(refusedFileSystem(0xef53), null);
  });
});
