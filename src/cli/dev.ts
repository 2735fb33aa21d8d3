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
import { demo, DEMO_TENANT, type DemoResult } from './dev-demo.ts';
import { devReceiver, type ReceivedWebhook } from './dev-receiver.ts';
import { receiverPort } from './dev-receiver-port.ts';
import { type DevSecrets, devSecrets } from './dev-secrets.ts';
import { logBugs, startServer, untilSignal } from './run-server.ts';

const DIRECTORY = '.outpost';
const DEMO_TOPIC = 'order.created';
/** What is shown of a webhook's body. */
const SHOWN_CHARS = 160;
/** Webhooks kept back during the walk; what comes from an earlier backlog beyond them is shown at once. */
const HELD_MAX = 1_000;

/** Standard output is for people here; the log goes beside it. */
const standardError: LineSink = { write: (text) => process.stderr.write(text) };
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** @returns the exit code. @throws StartError for whatever the operator has to change */
export async function dev(port: number | null, env: Environment): Promise<number> {
  // A terminal that was closed, or a pager: what can't be shown is no reason to end.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  const secrets = devSecrets(DIRECTORY, randomBytes);
  const { config, warnings } = loadConfig(devEnvironment(env, port, secrets));
  for (const warning of warnings) say(`note: ${warning}`);
  const log = logger(config.logLevel, standardError);
  logBugs(log);
  const stopped = untilSignal(log, config.shutdownGraceMs);
  const held = heldWebhooks();
  const remembered = receiverPort(DIRECTORY);
  const receiver = await devReceiver(secrets.demoWebhookSecret, remembered.read(), held.take);
  try {
    remembered.write(receiver.port);
    const server = await startServer(config, log);
    say(`outpost ${VERSION} is up at ${server.url}, its data and keys in ./${relative('', config.dataDir)}\n`);
    const result = await walk(config, secrets, server.url, receiver.url);
    say(describeDemo(result, held.isVerified(result.eventId)));
    say(nextSteps({ url: server.url, secrets, receiverUrl: receiver.url, topic: topicOf(config) }));
    held.release(result.eventId);
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

/** Keeps what arrives during the walk, so that its lines stand together; later webhooks are shown as they come. */
function heldWebhooks() {
  let held: ReceivedWebhook[] | null = [];
  return {
    take(webhook: ReceivedWebhook): void {
      if (held === null || held.length >= HELD_MAX) say(describeWebhook(webhook));
      else held.push(webhook);
    },
    isVerified: (eventId: string) => held?.some((one) => one.eventId === eventId && one.refusal === null) ?? false,
    /** @param shown the event that the walk has shown already */
    release(shown: string): void {
      for (const webhook of held ?? []) if (webhook.eventId !== shown) say(describeWebhook(webhook));
      held = null;
    },
  };
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

const topicOf = (config: Config): string => config.topics[0] ?? DEMO_TOPIC;

function walk(config: Config, secrets: DevSecrets, url: string, receiverUrl: string): Promise<DemoResult> {
  return demo({
    apiUrl: `${url}/api/v1`,
    apiKey: secrets.apiKey,
    receiverUrl,
    webhookSecret: secrets.demoWebhookSecret,
    topic: topicOf(config),
    clock: systemClock,
  });
}

export function describeWebhook({ eventId, topic, body, refusal }: ReceivedWebhook): string {
  const shown = body.length > SHOWN_CHARS ? `${body.slice(0, SHOWN_CHARS)}…` : body;
  const verdict = refusal === null ? 'signature verified' : `REFUSED: ${refusal}`;
  // A body is a stranger's text: nothing in it may move the cursor of a terminal.
  return `webhook    ${topic}  ${eventId}  ${verdict}\n           ${shown.replaceAll(/[^\P{C}\n]|\n/gu, ' ')}`;
}

export function describeDemo({ eventId, earlier, attempt, isListed }: DemoResult, isVerified: boolean): string {
  const lines = earlier === '0' ? [] : [`found      ${earlier} attempts from before`];
  lines.push(`published  ${eventId} for tenant ${DEMO_TENANT}`);
  if (attempt === null) {
    lines.push('waiting    not delivered yet; the log of attempts will tell');
  } else if (attempt.succeeded) {
    const verdict = isVerified ? 'signature verified' : 'signature NOT verified';
    lines.push(`delivered  status ${attempt.code}, ${attempt.durationMs.toFixed(1)} ms, ${verdict}`);
  } else {
    lines.push(`failed     ${attempt.code}; it is tried again by the retry schedule`);
  }
  lines.push(isListed ? 'logged     GET /attempts shows it' : 'logged     GET /attempts does not show it yet');
  return `${lines.join('\n')}\n`;
}

function nextSteps(options: { url: string; secrets: DevSecrets; receiverUrl: string; topic: string }): string {
  const { url, secrets, receiverUrl, topic } = options;
  const api = `${url}/api/v1`;
  const auth = '-H "Authorization: Bearer $KEY"';
  const json = `${auth} -H 'Content-Type: application/json'`;
  const event = JSON.stringify({ tenant_id: DEMO_TENANT, topic, data: { order: 1 } });
  // With the secret that the receiver knows; without one a destination gets its own, which its owner reads in the reply.
  const destination = JSON.stringify({
    type: 'webhook',
    topics: ['*'],
    config: { url: receiverUrl },
    credentials: { secret: secrets.demoWebhookSecret },
  });
  return `Next, in another terminal:

  KEY=${secrets.apiKey}
  # publish an event
  curl ${json} -d '${event}' ${api}/publish
  # what was attempted, newest first
  curl ${auth} '${api}/attempts?tenant_id=${DEMO_TENANT}'
  # a second destination of the tenant, at the same receiver
  curl ${json} -d '${destination}' ${api}/tenants/${DEMO_TENANT}/destinations

Each webhook that the receiver gets is shown below. Ctrl-C stops.
`;
}
