/**
 * The other runtimes that the client is tested on, from npm into `.services/runtimes`: the versions are those of
 * `test/runtimes/package.json`. No install script runs: each binary lies in a package of its own for the platform.
 * `node scripts/runtimes.mjs` brings them and prints where they are.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNpm } from './ensure-installed.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MANIFEST = join(ROOT, 'test', 'runtimes', 'package.json');
const FOLDER = join(ROOT, '.services', 'runtimes');
const INSTALL_WITHIN_MS = 5 * 60_000;

/** Where the binary may lie, below `node_modules`. Of several builds of one the first that runs here is taken. */
export const RUNTIMES = {
  'Node 20': `node-${process.platform}-${process.arch}/bin/node`,
  Deno: `@deno/*/deno`,
  Bun: `@oven/*/bin/bun`,
};

/** @returns the path of the runtime, or null where it can't be had */
export function ensureRuntime(name) {
  return findRuntime(name) ?? (install() ? findRuntime(name) : null);
}

function findRuntime(name) {
  const found = globSync(RUNTIMES[name], { cwd: join(FOLDER, 'node_modules') });
  const paths = found.sort().map((path) => join(FOLDER, 'node_modules', path));
  return (
    paths.find((path) => spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 30_000 }).status === 0) ?? null
  );
}

function install() {
  const copy = join(FOLDER, 'package.json');
  // Tried once for each manifest: where there is no build for this machine there is none the next time either.
  if (existsSync(copy) && readFileSync(copy, 'utf8') === readFileSync(MANIFEST, 'utf8')) return false;
  mkdirSync(FOLDER, { recursive: true });
  const npm = findNpm(ROOT, process.env);
  const args = ['install', '--no-package-lock', '--ignore-scripts', '--include=optional', '--prefix', FOLDER];
  copyFileSync(MANIFEST, copy);
  const options = { stdio: 'ignore', timeout: INSTALL_WITHIN_MS, env: { ...process.env, PATH: npm.path } };
  return spawnSync(npm.command, [...npm.prefix, ...args], options).status === 0;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  for (const name of Object.keys(RUNTIMES)) {
    const path = ensureRuntime(name);
    console.log(path ?? `${name} could not be installed`);
    if (path === null) process.exitCode = 1;
  }
}
