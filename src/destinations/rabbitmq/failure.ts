/**
 * What a failed publish is called in an attempt: by AMQP's reply code or by the error's own code, and a sentence for
 * people (spec destinations.md §8.10).
 *
 * amqplib gives what ends a handshake as text alone. The three texts that matter are read here, and the tests against a
 * real broker notice when they change.
 */
import { type AttemptOutcome, failed } from '../../domain/attempt.ts';

export interface Failure {
  readonly code: string;
  readonly text: string;
}

/** @param broker `host:port`, for the sentence */
export function failureOf(error: unknown, broker: string): Failure {
  const code = codeOf(error);
  if (typeof code === 'number') return amqpFailure(code, messageOf(error), broker);
  const known = BY_CODE.find(([codes]) => codes.test(code));
  if (known !== undefined) return { code: known[1], text: known[2](broker, error) };
  return code === ''
    ? handshakeFailure(messageOf(error), broker)
    : { code: 'network_error', text: `the exchange with ${broker} failed (${code})` };
}

export function refusal({ code, text }: Failure): AttemptOutcome {
  return failed(code, { error: text });
}

type Sentence = (broker: string, error: unknown) => string;

const BY_CODE: readonly (readonly [codes: RegExp, name: string, sentence: Sentence])[] = [
  [/^(?:ENOTFOUND|ENODATA|ESERVFAIL|EAI_\w+)$/, 'dns_error', (broker) => `no address was found for ${broker}`],
  [/^ECONNREFUSED$/, 'connection_refused', (broker) => `${broker} refused the connection`],
  [/^(?:ECONNRESET|EPIPE)$/, 'connection_reset', (broker) => `${broker} reset the connection`],
  [/^ENETUNREACH$/, 'network_unreachable', (broker) => `no route to the network of ${broker}`],
  // The first is our own: the dial's time is over.
  [/^(?:ABORT_ERR|ETIMEDOUT)$/, 'timeout', (broker) => `no connection to ${broker} in time`],
  [
    /^ERR_BLOCKED_ADDRESS$/,
    'blocked_address',
    (broker, error) => `deliveries to ${broker} are not allowed: ${reasonOf(error)}`,
  ],
  [
    /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO)/,
    'tls_error',
    (broker, error) => `no TLS with ${broker} (${codeOf(error)})`,
  ],
];

/** The reply codes of AMQP 0-9-1 that say what to change; a virtual host that is unknown or forbidden is 530. */
const BY_REPLY_CODE: ReadonlyMap<number, string> = new Map([
  [320, 'connection_forced'],
  [403, 'access_denied'],
  [404, 'exchange_not_found'],
  [504, 'channel_error'],
  [530, 'access_denied'],
]);

/** The broker's own words are what helps; amqplib puts its own around them. */
function amqpFailure(replyCode: number, message: string, broker: string): Failure {
  const words = /with message "(.*)"$/s.exec(message)?.[1] ?? message;
  return {
    code: BY_REPLY_CODE.get(replyCode) ?? 'rabbitmq_error',
    text: `${broker} answered ${replyCode}: ${words}`,
  };
}

function handshakeFailure(message: string, broker: string): Failure {
  const ended = /^Handshake terminated by server: (\d{3}) /.exec(message);
  if (ended !== null) return amqpFailure(Number(ended[1]), message, broker);
  if (message.startsWith('Expected ConnectionOpenOk; got <ConnectionClose ')) {
    return { code: 'access_denied', text: `${broker} has no such virtual host, or not for this user` };
  }
  if (/^(?:Socket closed abruptly|Unexpected close|Heartbeat timeout)/.test(message)) {
    return { code: 'connection_reset', text: `${broker} closed the connection` };
  }
  return { code: 'protocol_error', text: `${broker} does not speak AMQP 0-9-1` };
}

/** A number is AMQP's, a text is Node's. Of several addresses' errors the last that got further than having no route. */
function codeOf(error: unknown): number | string {
  if (error instanceof AggregateError) {
    const codes = error.errors.map(codeOf);
    return codes.findLast((code) => code !== 'ENETUNREACH' && code !== 'EHOSTUNREACH') ?? codes[0] ?? '';
  }
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'number' ? error.code : String(error.code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'reason' in error ? String(error.reason) : 'blocked';
}
