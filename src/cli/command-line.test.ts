import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Command, parseCommandLine, UsageError } from './command-line.ts';

describe('parseCommandLine', () => {
  const ACCEPTED: readonly (readonly [line: string, command: Command])[] = [
    ['', { name: 'help' }],
    ['help', { name: 'help' }],
    ['serve --help', { name: 'help' }],
    ['-h', { name: 'help' }],
    ['version', { name: 'version' }],
    ['--version', { name: 'version' }],
    ['serve', { name: 'serve' }],
    ['dev', { name: 'dev', port: null }],
    ['dev --port 4000', { name: 'dev', port: 4_000 }],
    ['dev --port=0', { name: 'dev', port: 0 }],
    ['config', { name: 'config', what: 'print' }],
    ['config docs', { name: 'config', what: 'docs' }],
  ];
  for (const [line, command] of ACCEPTED) {
    it(`reads "${line}"`, () => assert.deepEqual(parseCommandLine(line.split(' ').filter(Boolean)), command));
  }

  for (const [line, message] of [
    ['srve', /there is no command srve/],
    ['serve now', /serve takes no argument now/],
    ['serve --port 4000', /serve has no option --port/],
    ['dev --port', /port/],
    ['dev --port 65536', /--port takes a port from 0 to 65535, not 65536/],
    ['dev --port 4e3', /--port takes a port/],
    ['dev --prot 4000', /prot/],
    ['config list', /config takes print or docs, not list/],
  ] as const) {
    it(`refuses "${line}" and says why`, () =>
      assert.throws(
        () => parseCommandLine(line.split(' ')),
        (error) => error instanceof UsageError && message.test(error.message),
      ));
  }
});
