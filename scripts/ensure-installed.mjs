/**
 * Installs the dependencies if they are missing, incomplete or older than the lockfile; does nothing otherwise.
 *
 * Runs before `npm start`, `npm test` and `.ci/run` on whatever Node the machine has (20 or newer), so it uses nothing
 * but Node. The install runs with the machine's own node and npm, never with the pinned node of node_modules, because
 * `npm ci` deletes that one under its own feet.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The oldest Node that runs the program's TypeScript as it is written; package.json's `engines` says the same. */
const NODE_MIN = [24, 6];
/** How long one install waits for another of the same checkout. */
const WAIT_MS = 10 * 60_000;

/** Development dependencies come too, whatever NODE_ENV and npm's `omit` say: the pinned node is one of them. */
const INSTALL = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];

/**
 * Says why an install is needed, as the end of the sentence "installing dependencies: …"; null when everything is there.
 * @param root the folder of package.json
 * @param readVersion runs a node binary and answers its version, or null if it can't be run
 */
export function reasonToInstall(root, readVersion = versionOf) {
  const modules = join(root, 'node_modules');
  if (!existsSync(modules)) return 'node_modules is missing';
  // npm writes this file last, so without it an install was interrupted.
  const installed = mtimeOf(join(modules, '.package-lock.json'));
  if (installed === null) return 'the last install did not finish';
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
    if (!existsSync(join(modules, name, 'package.json'))) return `${name} is missing`;
  }
  const locked = mtimeOf(join(root, 'package-lock.json'));
  if (locked !== null && locked > installed) return 'package-lock.json is newer than the last install';
  if (!isRecent(readVersion(pinnedNode(root)))) return 'the pinned node is missing';
  return null;
}

/**
 * Installs if needed, at most once at a time per checkout.
 * @returns the exit code
 */
export function ensureInstalled({ root, env, log, npm = runNpm, readVersion = versionOf, lock = installLock }) {
  if (reasonToInstall(root, readVersion) === null) return 0;
  const unlock = lock(root, log);
  try {
    // Another one may have installed while this one waited for the lock.
    const reason = reasonToInstall(root, readVersion);
    if (reason === null) return 0;
    log(`installing dependencies: ${reason}`);
    const failure = npm(root, env);
    if (failure !== null) {
      log(`installing failed: ${failure}\nRun \`npm ${INSTALL.slice(0, 2).join(' ')}\` in ${root} to see why.`);
      return 1;
    }
    agreeOnTime(root);
    return explainRest(reasonToInstall(root, readVersion), log);
  } finally {
    unlock();
  }
}

function explainRest(reason, log) {
  if (reason === null) return 0;
  if (reason !== 'the pinned node is missing') {
    log(`npm reported success, yet ${reason}. Delete node_modules and try again.`);
    return 1;
  }
  log(
    [
      `npm reported success, yet node_modules/.bin/node is missing or can't be run (${NODE_MIN.join('.')} or newer is needed).`,
      'It is fetched by an install script. If your npm has `ignore-scripts` set, allow this one:',
      '  npm ci --include=dev --ignore-scripts=false',
      'If there is no build of node for this machine, install Node 26 and start with `node src/main.ts dev`.',
    ].join('\n'),
  );
  return 1;
}

/** A lockfile dated in the future, as after a clock was set back, would ask for an install each time. */
function agreeOnTime(root) {
  const locked = mtimeOf(join(root, 'package-lock.json'));
  const hidden = join(root, 'node_modules', '.package-lock.json');
  const installed = mtimeOf(hidden);
  if (locked !== null && installed !== null && locked > installed)
    utimesSync(hidden, locked / 1_000, locked / 1_000 + 1);
}

function pinnedNode(root) {
  return join(root, 'node_modules', '.bin', 'node');
}

function mtimeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

function versionOf(path) {
  const result = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 30_000 });
  return result.status === 0 ? result.stdout.trim() : null;
}

/** True for a version such as `v26.1.0` that is at least NODE_MIN. */
export function isRecent(version) {
  const parts = /^v(\d+)\.(\d+)\./.exec(version ?? '');
  if (parts === null) return false;
  const [major, minor] = [Number(parts[1]), Number(parts[2])];
  return major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
}

/** Runs npm and answers null, or what went wrong. */
function runNpm(root, env) {
  const { command, prefix, path } = findNpm(root, env);
  const result = spawnSync(command, [...prefix, ...INSTALL], {
    cwd: root,
    env: { ...env, PATH: path },
    // npm's own output goes to stderr, so that a command's stdout stays its own.
    stdio: ['ignore', 2, 2],
  });
  if (result.error) return result.error.message;
  if (result.signal) return `npm was ended by ${result.signal}`;
  return result.status === 0 ? null : `npm ended with exit code ${result.status}`;
}

/**
 * The npm that started us if its node is outside the checkout, else the first one in PATH; and a PATH without this
 * checkout's binaries.
 */
export function findNpm(root, env) {
  const inside = (path) => resolve(path).startsWith(join(root, 'node_modules') + sep);
  const path = (env.PATH ?? '')
    .split(delimiter)
    .filter((entry) => entry === '' || !inside(entry))
    .join(delimiter);
  const { npm_node_execpath: node, npm_execpath: cli } = env;
  if (node && cli && !inside(node) && existsSync(node) && existsSync(cli))
    return { command: node, prefix: [cli], path };
  return { command: 'npm', prefix: [], path };
}

/** A lock by a file that names its owner; one whose owner is gone is taken over. Answers what frees it. */
function installLock(root, log) {
  const name = createHash('sha256')
    .update(`${process.getuid?.() ?? 0} ${root}`)
    .digest('hex')
    .slice(0, 16);
  const file = join(tmpdir(), `outpost-install-${name}.lock`);
  const until = Date.now() + WAIT_MS;
  let hasWaited = false;
  mkdirSync(tmpdir(), { recursive: true });
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!ownerLives(file) || Date.now() > until) {
      rmSync(file, { force: true });
      continue;
    }
    if (!hasWaited) log('waiting for another install of this checkout');
    hasWaited = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  }
}

function ownerLives(file) {
  try {
    const owner = Number(readFileSync(file, 'utf8'));
    // Written and named in two steps: an empty file is one that is being made.
    if (owner > 0) process.kill(owner, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = ensureInstalled({
    root: resolve(fileURLToPath(import.meta.url), '..', '..'),
    env: process.env,
    log: (line) => process.stderr.write(`${line}\n`),
  });
}
