/**
 * The Python client that the 0.x API was documented with, for the tests that speak to the server through it: pinned by
 * number, each version in a virtual environment of its own below `.services/python`.
 * `node scripts/python-sdk.mjs` brings them and prints where they are.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The documented release, and the last one with the same paths. */
export const PYTHON_SDK_VERSIONS = ['0.3.0', '0.4.0'];
const FOLDER = fileURLToPath(new URL('../.services/python', import.meta.url));
const INSTALL_WITHIN_MS = 5 * 60_000;

/** @returns the path of a Python that has this version of the client, or null where it can't be had */
export function ensurePythonSdk(version) {
  const folder = join(FOLDER, `outpost_sdk-${version}`);
  if (!existsSync(folder) && !install(version, folder)) return null;
  return join(folder, 'bin', 'python');
}

/** Made beside its place and moved there when complete: tests of two files may ask at a time, or be interrupted. */
function install(version, folder) {
  mkdirSync(FOLDER, { recursive: true });
  const made = mkdtempSync(`${folder}-`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `outpost_sdk==${version}`];
  const isMade = run('python3', ['-m', 'venv', made]) && run(join(made, 'bin', 'python'), pip);
  try {
    if (isMade) renameSync(made, folder);
  } catch (error) {
    // Another one was faster.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
  rmSync(made, { recursive: true, force: true });
  return existsSync(folder);
}

function run(command, args) {
  const options = { stdio: ['ignore', 'ignore', 'inherit'], timeout: INSTALL_WITHIN_MS };
  return spawnSync(command, args, options).status === 0;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  for (const version of PYTHON_SDK_VERSIONS) {
    const python = ensurePythonSdk(version);
    console.log(python ?? `outpost_sdk ${version} could not be installed; it needs python3 with venv and pip`);
    if (python === null) process.exitCode = 1;
  }
}
