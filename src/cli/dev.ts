/**
 * `outpost dev`: a server to try things with. Everything is in ./.outpost and on the loopback interface; a receiver is
 * built in; one event is published and its delivery shown, then it stays up and prints each webhook that arrives.
 *
 * Other settings may come from the environment as for `serve`; those that keep it local and closed may not.
 */
import { randomBytes } from 'node:crypto';
import { relative } from 'node:path';
import { type Config, type Environment, loadConfig } from '../config/load.ts';
import { systemClock } from '../lib/system-clock.ts';
import { type LineSink, logger } from '../telemetry/logger.ts';
import { VERSION } from '../version.ts';
import { demo, DEMO_DESTINATION, DEMO_TENANT, type DemoResult } from './dev-demo.ts';
import { devReceiver, type ReceivedWebhook } from './dev-receiver.ts';
import { type DevSecrets, devSecrets } from './dev-secrets.ts';
import { logBugs, startServer, untilSignal } from './run-server.ts';

const DIRECTORY = '.outpost';
const DEMO_TOPIC = 'order.created';
/** What is shown of a webhook's body. */
const SHOWN_CHARS = 160;

/** Standard output is for people here; the log goes beside it. */
const standardError: LineSink = { write: (text) => process.stderr.write(text) };
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** @returns the exit code. @throws StartError for whatever the operator has to change */
export async function dev(port: number | null, env: Environment): Promise<number> {
  const secrets = devSecrets(DIRECTORY, randomBytes);
  const { config, warnings } = loadConfig(devEnvironment(env, port, secrets));
  for (const warning of warnings) say(`note: ${warning}`);
  const log = logger(config.logLevel, standardError);
  logBugs(log);
  const stopped = untilSignal(log, config.shutdownGraceMs);
  const receiver = await devReceiver(secrets.demoWebhookSecret, (webhook) => say(describeWebhook(webhook)));
  try {
    const server = await startServer(config, log);
    say(`outpost ${VERSION} is up at ${server.url}, its data and keys in ./${relative('', config.dataDir)}\n`);
    await walk(config, secrets, server.url, receiver.url);
    const code = await stopped(async () => {
      say('\nstopping');
      await server.stop();
    });
    say('stopped');
    return code;
  } finally {
    await receiver.close();
  }
}

function devEnvironment(env: Environment, port: number | null, secrets: DevSecrets): Environment {
  return {
    LOG_LEVEL: 'warn',
    ...Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')),
    ...(port === null ? {} : { API_PORT: String(port) }),
    API_HOST: '127.0.0.1',
    AUTH_DISABLED: '',
    PROFILE: 'embedded',
    DATA_DIR: DIRECTORY,
    DESTINATIONS_ALLOWED_NETWORKS: '127.0.0.0/8,::1',
    API_KEY: secrets.apiKey,
    API_JWT_SECRET: secrets.apiJwtSecret,
    AES_ENCRYPTION_SECRET: secrets.aesEncryptionSecret,
  };
}

async function walk(config: Config, secrets: DevSecrets, url: string, receiverUrl: string): Promise<void> {
  const topic = config.topics[0] ?? DEMO_TOPIC;
  const result = await demo({
    apiUrl: `${url}/api/v1`,
    apiKey: secrets.apiKey,
    receiverUrl,
    webhookSecret: secrets.demoWebhookSecret,
    topic,
    clock: systemClock,
  });
  say(describeDemo(result));
  say(nextSteps({ url, apiKey: secrets.apiKey, receiverUrl, topic }));
}

export function describeWebhook({ eventId, topic, body, refusal }: ReceivedWebhook): string {
  const shown = body.length > SHOWN_CHARS ? `${body.slice(0, SHOWN_CHARS)}…` : body;
  const verdict = refusal === null ? 'signature verified' : `REFUSED: ${refusal}`;
  // A body is a stranger's text: nothing in it may move the cursor of a terminal.
  return `webhook    ${topic}  ${eventId}  ${verdict}\n           ${shown.replaceAll(/[^\P{C}\n]|\n/gu, ' ')}`;
}

export function describeDemo({ eventId, earlier, attempt, isListed }: DemoResult): string {
  const lines = earlier === '0' ? [] : [`found      ${earlier} attempts from before`];
  lines.push(`published  ${eventId} for tenant ${DEMO_TENANT}`);
  if (attempt === null) {
    lines.push('waiting    not delivered yet; the log of attempts will tell');
  } else if (attempt.succeeded) {
    lines.push(`delivered  status ${attempt.code}, ${attempt.durationMs.toFixed(1)} ms, signature verified`);
  } else {
    lines.push(`failed     ${attempt.code}; it is tried again by the retry schedule`);
  }
  lines.push(isListed ? 'logged     GET /attempts shows it' : 'logged     GET /attempts does not show it yet');
  return `${lines.join('\n')}\n`;
}

function nextSteps(options: { url: string; apiKey: string; receiverUrl: string; topic: string }): string {
  const { url, apiKey, receiverUrl, topic } = options;
  const api = `${url}/api/v1`;
  const auth = '-H "Authorization: Bearer $KEY"';
  const json = `${auth} -H 'Content-Type: application/json'`;
  const event = JSON.stringify({ tenant_id: DEMO_TENANT, topic, data: { order: 1 } });
  const destination = JSON.stringify({ type: 'webhook', topics: ['*'], config: { url: receiverUrl } });
  return `Next, in another terminal:

  KEY=${apiKey}
  # publish an event
  curl ${json} -d '${event}' ${api}/publish
  # what was attempted, newest first
  curl ${auth} '${api}/attempts?tenant_id=${DEMO_TENANT}'
  # another destination, for an address of yours (the receiver here has the secret of ${DEMO_DESTINATION} only)
  curl ${json} -d '${destination}' ${api}/tenants/${DEMO_TENANT}/destinations

Each webhook that the receiver gets is shown below. Ctrl-C stops.
`;
}
