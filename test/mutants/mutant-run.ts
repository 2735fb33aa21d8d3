/**
 * Runs one mutant: a copy of the tree, the mutation, the command that is to see it.
 *
 * Caught means that an assertion failed whose message holds the promise. A mutant that only crashes, hangs or makes
 * another assertion fail counts as not caught: the reader of such a failure would not learn what was broken.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyHunks, type Mutant, PatchError } from './patch.ts';

/** What the commands need. */
const COPIED = ['src', 'test', 'docs', 'package.json', 'tsconfig.json'];
/** A mutant is quick, or it is not run often enough; only one that hangs comes near this. */
const LIMIT_MS = 90_000;
/** Of a command's output, its end is kept. */
const OUTPUT_CHARACTERS_MAX = 1_000_000;
/** Of an output that has not what was asked for, so much is shown. */
const SHOWN_CHARACTERS = 2_000;

export type Verdict = { readonly isCaught: true } | { readonly isCaught: false; readonly why: string };

export interface CommandResult {
  readonly code: number | null;
  readonly output: string;
  readonly isTimedOut: boolean;
}

/** @param root the tree to copy; it stays as it is */
export async function runMutant(root: string, mutant: Mutant, limitMs = LIMIT_MS): Promise<Verdict> {
  const copy = copyOfTree(root);
  try {
    mutate(copy, mutant);
    return judge(mutant, await runNode(copy, mutant.command, limitMs), limitMs);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    return { isCaught: false, why: error.message };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** A new folder with the tree in it, for the caller to remove. */
export function copyOfTree(root: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'outpost-mutant-'));
  for (const name of COPIED) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  if (existsSync(join(root, 'node_modules'))) symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** @throws PatchError if the patch does not fit */
export function mutate(copy: string, { files }: Mutant): void {
  for (const file of files) {
    const path = join(copy, file.path);
    if (!existsSync(path)) throw new PatchError(`there is no ${file.path} any more`);
    writeFileSync(path, applyHunks(readFileSync(path, 'utf8'), file));
  }
}

/** Runs node in `folder` as at a desk: small sizes, and not as a part of the test run that it was started from. */
export function runNode(folder: string, args: readonly string[], limitMs = LIMIT_MS): Promise<CommandResult> {
  const { CI: _ci, NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const child = spawn(process.execPath, [...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let isTimedOut = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => (output = (output + text).slice(-OUTPUT_CHARACTERS_MAX)));
  }
  const timer = setTimeout(() => {
    isTimedOut = true;
    child.kill('SIGKILL');
  }, limitMs);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output, isTimedOut });
    });
  });
}

function judge({ promise }: Mutant, { code, output, isTimedOut }: CommandResult, limitMs: number): Verdict {
  if (isTimedOut) return { isCaught: false, why: `not done after ${limitMs / 1_000} s` };
  if (code === 0) return { isCaught: false, why: 'nothing failed: the mutation goes unnoticed' };
  if (brokenPromises(output).some((message) => message.includes(promise))) return { isCaught: true };
  return {
    isCaught: false,
    why: `no assertion says "${promise}"; the end of the output:\n${output.slice(-SHOWN_CHARACTERS)}`,
  };
}

/** Messages of assertions, as the test runner and the simulation print them: names of tests don't count. */
function brokenPromises(output: string): readonly string[] {
  return [...output.matchAll(/(?:AssertionError \[ERR_ASSERTION\]|^seed \d+ on \w+): (.*)$/gm)].map(
    ([, text]) => text!,
  );
}
