/**
 * RabbitMQ destination: one event is one message, and a success is what the broker has confirmed and put into a queue
 * (spec destinations.md §8.10).
 *
 * The original publishes without confirms, so that it logs a success for an exchange that isn't there. Here whatever
 * keeps a message from a queue is a failed attempt with a code of its own, within the delivery timeout.
 */
import type { AttemptOutcome } from '../../domain/attempt.ts';
import { AppError } from '../../lib/errors.ts';
import type { OpenSettings, Prepared, PrepareRequest, Problem, Provider } from '../../ports/provider.ts';
import { type Amqplib, loadAmqplib, MissingAmqplibError } from './amqplib.ts';
import type { Broker } from './connection.ts';
import { brokerLine, type LineDeps } from './line.ts';
import { messageOf, SHORT_STRING_MAX_BYTES } from './message.ts';
import { CONFIG_FIELDS, CREDENTIAL_FIELDS, DESCRIPTION, ICON, INSTRUCTIONS } from './presentation.ts';
import { parseServerUrl } from './server-url.ts';

export interface RabbitmqOptions extends Omit<LineDeps, 'load'> {
  /** The client library; the installed one by default. */
  readonly load?: () => Promise<Amqplib>;
}

const PORT = 5_672;
const TLS_PORT = 5_671;
/** What clients may write, and what is stored. */
const TLS_VALUES: ReadonlyMap<string, string> = new Map([
  ['on', 'true'],
  ['true', 'true'],
  ['false', 'false'],
]);

export function rabbitmq(options: RabbitmqOptions): Provider {
  const load = options.load ?? loadAmqplib;
  return {
    type: 'rabbitmq',
    label: 'RabbitMQ',
    description: DESCRIPTION,
    instructions: INSTRUCTIONS,
    icon: ICON,
    fields: { config: CONFIG_FIELDS, credentials: CREDENTIAL_FIELDS },
    async prepare(request) {
      await requireLibrary(load);
      return prepare(request);
    },
    target: ({ exchange = '' }, _credentials, topics) => `${exchange} -> ${topics.join(', ')}`,
    open(settings, { now }) {
      const line = brokerLine(brokerOf(settings), { ...options, load });
      const { config, deliveryMetadata } = settings;
      const destination = { exchange: config['exchange'] ?? '', deliveryMetadata };
      return {
        send: (event, signal): Promise<AttemptOutcome> => line.send(messageOf(destination, event, now()), signal),
        close: () => line.close(),
      };
    },
  };
}

/** @throws AppError `invalid_request` where nothing could be sent */
async function requireLibrary(load: () => Promise<Amqplib>): Promise<void> {
  try {
    await load();
  } catch (error) {
    if (!(error instanceof MissingAmqplibError)) throw error;
    throw new AppError('invalid_request', `destinations of type rabbitmq can't be sent to. ${error.message}`);
  }
}

function prepare({ settings, current }: PrepareRequest): Prepared {
  const { server_url: url = '', exchange = '', tls } = settings.config;
  const problems: Problem[] = [];
  if (parseServerUrl(url) === null) problems.push({ field: 'config.server_url', rule: 'invalid' });
  if (Buffer.byteLength(exchange) > SHORT_STRING_MAX_BYTES) {
    problems.push({ field: 'config.exchange', rule: 'maxlength' });
  }
  // Without it the API's default is no TLS, although forms offer it switched on; emptied by a change it is absent too.
  const isAbsent = tls === undefined || (tls === '' && current !== null);
  const stored = isAbsent ? 'false' : TLS_VALUES.get(tls);
  if (stored === undefined) problems.push({ field: 'config.tls', rule: 'invalid' });
  if (stored === undefined || problems.length > 0) return { ok: false, problems };
  // Clients of the original can't read a destination without these two keys.
  return { ok: true, settings: { ...settings, config: { ...settings.config, exchange, tls: stored } } };
}

function brokerOf({ config, credentials }: OpenSettings): Broker {
  const address = parseServerUrl(config['server_url'] ?? '');
  if (address === null) throw new Error('a stored server_url is no address of a broker');
  const isTls = address.isTls || config['tls'] === 'true';
  return {
    host: address.host,
    port: address.port ?? (isTls ? TLS_PORT : PORT),
    virtualHost: address.virtualHost,
    isTls,
    username: credentials['username'] ?? '',
    password: credentials['password'] ?? '',
  };
}
