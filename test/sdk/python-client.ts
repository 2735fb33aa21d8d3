/** Runs one task of python/calls.py in a version of the Python client. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('python/calls.py', import.meta.url));

export interface PythonError {
  readonly error: string;
  readonly status: number | null;
  readonly message: string;
}

export async function callPython<Answer>(python: string, task: Readonly<Record<string, unknown>>): Promise<Answer> {
  // `-I` leaves the environment alone: the client would take a tenant out of it.
  const child = spawn(python, ['-I', PROGRAM], { stdio: ['pipe', 'pipe', 'pipe'], env: {} });
  child.stdin.end(JSON.stringify(task));
  const [[code], output, errors] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  assert.equal(code, 0, errors);
  return JSON.parse(output) as Answer;
}
