/**
 * The oldest Node that `engines` allows, for the smoke test: its binary comes from npm into `.services/node-24`.
 * `node scripts/node-24.mjs` brings it and prints where it is.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNpm } from './ensure-installed.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, '.services', 'node-24');
/** One package per platform, each with nothing but the binary. */
const PACKAGE = `node-${process.platform}-${process.arch}`;
const BINARY = join(FOLDER, 'node_modules', PACKAGE, 'bin', 'node');

/** @returns the path of a Node 24, or null where it can't be had */
export function ensureNode24() {
  if (!existsSync(BINARY)) {
    mkdirSync(FOLDER, { recursive: true });
    const npm = findNpm(ROOT, process.env);
    const args = ['install', '--no-save', '--no-package-lock', '--prefix', FOLDER, `${PACKAGE}@24`];
    spawnSync(npm.command, [...npm.prefix, ...args], { stdio: 'ignore', env: { ...process.env, PATH: npm.path } });
  }
  return existsSync(BINARY) ? BINARY : null;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const binary = ensureNode24();
  console.log(binary ?? `${PACKAGE}@24 could not be installed`);
  process.exitCode = binary === null ? 1 : 0;
}
