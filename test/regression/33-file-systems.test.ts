/** Promise: on a file system that can't keep SQLite's log the store refuses, and where it is only volatile it warns. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { prepareDataDirectory, refusedFileSystem } from '../../src/stores/sqlite/data-directory.ts';

/** By statfs(2). */
const TMPFS = 0x01021994;
const SHARED_MEMORY = '/dev/shm';
const MODULE = new URL('../../src/stores/sqlite/data-directory.ts', import.meta.url).href;

describe('DATA_DIR', () => {
  it('field case 33: is refused on network file systems, by name', () => {
    for (const [type, name] of [
      [0x6969, 'nfs'],
      [0xff534d42, 'cifs'],
      [0xfe534d42 | 0, 'smb2'],
      [0x01021997, '9p'],
      // ext4, xfs and btrfs.
      [0xef53, null],
      [0x58465342, null],
      [0x9123683e, null],
    ] as const) {
      assert.equal(refusedFileSystem(type), name);
    }
  });

  it(
    'ends with a sentence where no directory can be made, however deep',
    { skip: process.platform !== 'linux' },
    () => {
      // In a process of its own: what goes round for ever can't be ended from within.
      const program = `
      import { prepareDataDirectory } from ${JSON.stringify(MODULE)};
      prepareDataDirectory(process.argv[1]);`;
      for (const path of ['/proc/nope', '/proc/nope/deeper/still']) {
        const { stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program, path], {
          encoding: 'utf8',
          timeout: 20_000,
        });
        assert.equal(signal, null, 'it ended by itself');
        assert.match(stderr, new RegExp(`StartError: DATA_DIR ${path} cannot be made: /proc takes no directories`));
      }
    },
  );

  it('field case 33: in memory is warned of, with what it means', () => {
    const isMemory = process.platform === 'linux' && statfsSync(SHARED_MEMORY).type === TMPFS;
    const path = mkdtempSync(`${isMemory ? SHARED_MEMORY : tmpdir()}/outpost-memory-`);
    try {
      const { warnings } = prepareDataDirectory(path);
      if (isMemory) assert.match(warnings.join(), /tmpfs, which is empty after a restart/);
    } finally {
      rmSync(path, { recursive: true });
    }
  });
});
