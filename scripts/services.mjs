/**
 * What the tests need beside npm packages: `node scripts/services.mjs [--install]` prints one line per service.
 *
 * That is strace, for the test that sees from outside that a commit reaches the disk, the brokers that destinations are
 * tested against, and a browser for the client. With `--install`, root on a Debian system gets the packages; elsewhere the line says what to run.
 * Exit code 1 when something is still missing.
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The binary that shows that a service is there, and the Debian package that brings it. */
export const SERVICES = [
  { name: 'strace', binary: 'strace', debianPackage: 'strace' },
  { name: 'openssl', binary: 'openssl', debianPackage: 'openssl' },
  // Not the server itself, which would start: this script of the same package only sets variables.
  { name: 'RabbitMQ', binary: '/usr/lib/rabbitmq/bin/rabbitmq-defaults', debianPackage: 'rabbitmq-server' },
  { name: 'Chromium', binary: 'chromium', debianPackage: 'chromium' },
];

/** True if the binary can be run. */
export function isInstalled(service) {
  return spawnSync(service.binary, ['--version'], { stdio: 'ignore', timeout: 30_000 }).error === undefined;
}

/** The command that installs a service, for a skip's reason or a person. */
export function howToInstall(service) {
  return `apt-get install -y --no-install-recommends ${service.debianPackage}`;
}

/**
 * Installs what is missing, if it can.
 * @param run runs a command and answers whether it succeeded
 * @returns the services that are still missing
 */
export function ensureServices({ services = SERVICES, has = isInstalled, isRoot, run = runVisibly, log }) {
  const missing = services.filter((service) => !has(service));
  if (missing.length > 0 && isRoot) {
    log(`installing ${missing.map((service) => service.debianPackage).join(', ')}`);
    // The list of packages may be missing or too old for what the mirror has.
    if (!run(['apt-get', 'update', '-q'])) log('apt-get update failed; going on with the list there is');
    run(['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...missing.map((one) => one.debianPackage)]);
  }
  const still = missing.filter((service) => !has(service));
  for (const service of services) {
    log(
      `${service.name}: ${still.includes(service) ? `missing; install it with: ${howToInstall(service)}` : 'installed'}`,
    );
  }
  return still;
}

function runVisibly([command, ...args]) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { stdio: ['ignore', 2, 2], env }).status === 0;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const isRoot = process.argv.includes('--install') && process.getuid?.() === 0;
  const missing = ensureServices({ isRoot, log: (line) => console.log(line) });
  process.exitCode = missing.length === 0 ? 0 : 1;
}
