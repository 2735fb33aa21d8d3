import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ensureInstalled, findNpm, isRecent, reasonToInstall } from './ensure-installed.mjs';

const recent = (): string => 'v26.1.0';

describe('ensureInstalled', () => {
  let root: string;
  let lines: string[];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'outpost-install-test-'));
    lines = [];
    writeFileSync(
      join(root, 'package.json'),
      JSON.stringify({ dependencies: { a: '1' }, devDependencies: { '@b/c': '1' } }),
    );
    writeFileSync(join(root, 'package-lock.json'), '{}');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** What npm leaves behind. */
  function install(): void {
    for (const name of ['a', '@b/c']) {
      mkdirSync(join(root, 'node_modules', name), { recursive: true });
      writeFileSync(join(root, 'node_modules', name, 'package.json'), '{}');
    }
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), '{}');
  }
  const ensure = (options: {
    npm: () => string | null;
    readVersion?: () => string | null;
    onLock?: () => void;
  }): number =>
    ensureInstalled({
      root,
      env: {},
      log: (line) => lines.push(line),
      npm: options.npm,
      readVersion: options.readVersion ?? recent,
      lock: () => {
        options.onLock?.();
        return () => {};
      },
    });
  const never = (): never => assert.fail('npm was run');

  it('installs when node_modules is missing, saying so in one line', () => {
    let runs = 0;
    const code = ensure({ npm: () => ((runs += 1), install(), null) });
    assert.deepEqual(
      { code, runs, lines },
      { code: 0, runs: 1, lines: ['installing dependencies: node_modules is missing'] },
    );
  });

  it('does nothing and says nothing when everything is there', () => {
    install();
    assert.equal(ensure({ npm: never }), 0);
    assert.deepEqual(lines, []);
  });

  it('installs again when the lockfile is newer than the last install', () => {
    install();
    const later = Date.now() / 1_000 + 60;
    utimesSync(join(root, 'package-lock.json'), later, later);
    assert.equal(ensure({ npm: () => null }), 0);
    assert.match(lines.join('\n'), /package-lock\.json is newer/);
    assert.equal(reasonToInstall(root, recent), null, 'a lockfile from the future asks for an install each time');
  });

  it('installs when a development dependency was left out', () => {
    install();
    rmSync(join(root, 'node_modules', '@b'), { recursive: true });
    assert.equal(reasonToInstall(root, recent), '@b/c is missing');
  });

  it('installs when the last install was interrupted', () => {
    install();
    rmSync(join(root, 'node_modules', '.package-lock.json'));
    assert.equal(reasonToInstall(root, recent), 'the last install did not finish');
  });

  it('fails with what npm said when npm fails', () => {
    assert.equal(ensure({ npm: () => 'npm ended with exit code 7' }), 1);
    assert.match(lines.join('\n'), /installing failed: npm ended with exit code 7/);
  });

  it('says how to get the pinned node when its install script did not run', () => {
    assert.equal(ensure({ npm: () => (install(), null), readVersion: () => null }), 1);
    assert.match(lines.join('\n'), /--ignore-scripts=false/);
  });

  it('takes a pinned node that is too old for a missing one', () => {
    install();
    assert.equal(
      reasonToInstall(root, () => 'v24.5.0'),
      'the pinned node is missing',
    );
  });

  it('does not install twice when another install finished while this one waited', () => {
    assert.equal(ensure({ npm: never, onLock: install }), 0);
  });
});

describe('the node that npm runs on', () => {
  it('is never the pinned one, which the install deletes', () => {
    const env = {
      PATH: '/r/node_modules/.bin:/usr/bin',
      npm_node_execpath: '/r/node_modules/.bin/node',
      npm_execpath: '/x',
    };
    assert.deepEqual(findNpm('/r', env), { command: 'npm', prefix: [], path: '/usr/bin' });
  });

  it('is the one that started the script when that is outside the checkout', () => {
    const env = { PATH: '/usr/bin', npm_node_execpath: process.execPath, npm_execpath: process.execPath };
    assert.deepEqual(findNpm('/r', env), { command: process.execPath, prefix: [process.execPath], path: '/usr/bin' });
  });
});

describe('isRecent', () => {
  for (const [version, expected] of [
    ['v24.6.0', true],
    ['v24.5.9', false],
    ['v25.0.0', true],
    ['v20.19.0', false],
    ['', false],
    [null, false],
  ] as const) {
    it(`answers ${expected} for ${version === null ? 'no version' : `"${version}"`}`, () =>
      assert.equal(isRecent(version), expected));
  }
});
