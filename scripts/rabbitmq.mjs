/**
 * Debian's RabbitMQ as a private node: on the loopback interface, with a folder, ports and an Erlang port mapper of its
 * own, and without rights of root. Tests start and stop it; `node scripts/rabbitmq.mjs` runs one by hand until Ctrl-C.
 *
 * The server's own start script is run rather than the `rabbitmq-server` of the PATH, which switches to a user of the
 * system and to its folders. The port mapper is a child of ours, because the one that Erlang starts when there is none
 * stays behind.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
/** Erlang starts slowly on a machine that is busy. */
const START_MS = 120_000;

export function isRabbitmqInstalled() {
  return existsSync(SERVER);
}

/**
 * Prepares a node; nothing runs before `start`.
 * @param options.definitions users, virtual hosts, exchanges and queues, as RabbitMQ's definitions file has them
 * @param options.tls key, certificate chain and root in PEM, for a second listener
 */
export async function rabbitmqNode({ definitions = {}, tls = null } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-rabbitmq-'));
  const ports = await freePorts(4);
  const [port, tlsPort, distributionPort, mapperPort] = ports;
  writeConfiguration(folder, { port, tlsPort, definitions, tls });
  const env = environment(folder, { distributionPort, mapperPort });
  let mapper = null;
  let broker = null;

  async function end(child, signal) {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    // The start script and what it starts are a process group of their own.
    process.kill(-child.pid, signal);
    await ended;
  }
  /** The start script may be gone before the broker itself is. */
  async function endBroker(signal) {
    await end(broker, signal);
    broker = null;
    while (await isListening(port)) await setTimeout(10);
  }
  return {
    port,
    tlsPort,
    /** Resolves when the broker takes connections. */
    async start() {
      mapper ??= spawn('epmd', ['-port', String(mapperPort), '-address', '127.0.0.1'], {
        env,
        stdio: 'ignore',
        detached: true,
      });
      broker = spawn(SERVER, [], { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      await started(broker);
    },
    /** Ends the broker as an operator does: connections are told. */
    stop: () => endBroker('SIGTERM'),
    /** Ends the broker as a power failure does. */
    kill: () => endBroker('SIGKILL'),
    /** Lets the broker do nothing until `thaw`: it is there, and silent. */
    freeze: () => process.kill(-broker.pid, 'SIGSTOP'),
    thaw: () => process.kill(-broker.pid, 'SIGCONT'),
    /** Ends everything and removes what it stored. */
    async remove() {
      await endBroker('SIGKILL');
      await end(mapper, 'SIGKILL');
      mapper = null;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeConfiguration(folder, { port, tlsPort, definitions, tls }) {
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'loopback_users = none',
    'log.console = true',
    'log.file = false',
    'vm_memory_high_watermark.absolute = 1GB',
    'disk_free_limit.absolute = 1MB',
  ];
  if (tls !== null) {
    for (const [name, text] of Object.entries(tls)) writeFileSync(join(folder, `${name}.pem`), text);
    lines.push(
      `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
      `ssl_options.cacertfile = ${join(folder, 'root.pem')}`,
      `ssl_options.certfile = ${join(folder, 'cert.pem')}`,
      `ssl_options.keyfile = ${join(folder, 'key.pem')}`,
      'ssl_options.verify = verify_none',
    );
  }
  lines.push(`load_definitions = ${join(folder, 'definitions.json')}`);
  writeFileSync(join(folder, 'definitions.json'), JSON.stringify(definitions));
  writeFileSync(join(folder, 'rabbitmq.conf'), `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'enabled_plugins'), '[].\n');
  writeFileSync(join(folder, 'environment'), '');
  const cookie = join(folder, '.erlang.cookie');
  writeFileSync(cookie, randomBytes(16).toString('hex'));
  chmodSync(cookie, 0o400);
  mkdirSync(join(folder, 'mnesia'));
}

function environment(folder, { distributionPort, mapperPort }) {
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    HOME: folder,
    ERL_EPMD_PORT: String(mapperPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `outpost-${mapperPort}@localhost`,
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 2:2',
    RABBITMQ_CONF_ENV_FILE: join(folder, 'environment'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_FEATURE_FLAGS_FILE: join(folder, 'feature_flags'),
  };
}

/** Resolves when the server says that it is up; rejects with all that it said if it ends first. */
async function started(child) {
  const said = [];
  const ready = Promise.withResolvers();
  const listen = (text) => {
    said.push(text);
    if (said.join('').includes('Server startup complete')) ready.resolve();
  };
  child.stdout.setEncoding('utf8').on('data', listen);
  child.stderr.setEncoding('utf8').on('data', listen);
  child.once('error', ready.reject);
  child.once('exit', (code) => ready.reject(new Error(`RabbitMQ ended with ${code}:\n${said.join('')}`)));
  const timer = AbortSignal.timeout(START_MS);
  timer.addEventListener('abort', () => ready.reject(new Error(`RabbitMQ did not start:\n${said.join('')}`)));
  await ready.promise;
  // What it says from now on is nobody's to keep, but has to be read.
  child.stdout.off('data', listen).resume();
  child.stderr.off('data', listen).resume();
}

function isListening(port) {
  return new Promise((settle) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Ports that nothing listens on now, all at once so that they differ. */
async function freePorts(count) {
  const probes = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(probes.map((probe) => once(probe, 'listening')));
  const ports = probes.map((probe) => probe.address().port);
  await Promise.all(probes.map((probe) => once(probe.close(), 'close')));
  return ports;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const node = await rabbitmqNode({
    definitions: {
      users: [{ name: 'guest', password: 'guest', tags: 'administrator' }],
      vhosts: [{ name: '/' }],
      permissions: [{ user: 'guest', vhost: '/', configure: '.*', write: '.*', read: '.*' }],
    },
  });
  await node.start();
  console.log(`RabbitMQ listens on 127.0.0.1:${node.port}, user guest, password guest`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void node.remove());
}
