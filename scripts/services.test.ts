import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ensureServices, isInstalled } from './services.mjs';

const SERVICES = [
  { name: 'one', binary: 'one', debianPackage: 'package-one' },
  { name: 'two', binary: 'two', debianPackage: 'package-two' },
];

describe('ensureServices', () => {
  function ensure(options: { isRoot: boolean; has: string[] }) {
    const lines: string[] = [];
    const commands: string[] = [];
    const missing = ensureServices({
      services: SERVICES,
      has: (service) => options.has.includes(service.name),
      isRoot: options.isRoot,
      run: (command) => {
        commands.push(command.join(' '));
        if (command[1] === 'install') options.has.push('one', 'two');
        return true;
      },
      log: (line) => lines.push(line),
    });
    return { missing: missing.map((service) => service.name), lines: lines.join('\n'), commands };
  }

  it('runs nothing when everything is there', () => {
    const result = ensure({ isRoot: true, has: ['one', 'two'] });
    assert.deepEqual([result.missing, result.commands], [[], []]);
  });

  it('installs only what is missing, as root', () => {
    const result = ensure({ isRoot: true, has: ['one'] });
    assert.deepEqual(result.missing, []);
    assert.match(result.commands.at(-1) ?? '', /install .* package-two$/);
    assert.doesNotMatch(result.commands.at(-1) ?? '', /package-one/);
  });

  it('says what to run, and runs nothing, for anyone else', () => {
    const result = ensure({ isRoot: false, has: ['one'] });
    assert.deepEqual([result.missing, result.commands], [['two'], []]);
    assert.match(result.lines, /two: missing; install it with: apt-get install -y --no-install-recommends package-two/);
  });
});

describe('isInstalled', () => {
  it('knows a binary that is there from one that is not', () => {
    assert.equal(isInstalled({ name: 'node', binary: process.execPath, debianPackage: '' }), true);
    assert.equal(isInstalled({ name: 'none', binary: 'no-such-binary-anywhere', debianPackage: '' }), false);
  });
});
