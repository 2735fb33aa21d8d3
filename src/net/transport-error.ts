/**
 * What a failed dial or exchange is called in an attempt: a code by the error's own code (never by its text, which holds
 * the URL) and a sentence for people that names the origin and nothing behind it.
 *
 * The codes are those of spec destinations.md §7.4, with `protocol_error` and `blocked_address` of our own.
 */
import { errors } from 'undici';
import type { TransportCode } from '../domain/attempt.ts';
import type { HttpResult } from '../ports/http-client.ts';
import { BlockedAddressError } from './address-guard.ts';
import type { RequestTarget } from './request-target.ts';

export type HttpFailure = Extract<HttpResult, { ok: false }>;

type Told = readonly [code: TransportCode, sentence: (target: RequestTarget) => string];

const NO_SUCH_NAME: Told = ['dns_error', (target) => `no address was found for ${target.hostname}`];
const TOO_LONG_HEAD: Told = ['protocol_error', (target) => `the head of the reply of ${target.origin} is too long`];
const NOT_HTTP: Told = ['protocol_error', (target) => `the reply is not valid HTTP (from ${target.origin})`];
const PRIVATE_ROOT: Told = [
  'tls_error',
  (target) => `the certificate of ${target.origin} is signed by an authority that is not publicly trusted`,
];
const NOT_SENDABLE: Told = ['network_error', () => 'the request has a header that HTTP cannot carry'];

const BY_CODE: ReadonlyMap<string, Told> = new Map<string, Told>([
  ['ENOTFOUND', NO_SUCH_NAME],
  ['ENODATA', NO_SUCH_NAME],
  ['ESERVFAIL', NO_SUCH_NAME],
  ['ECONNREFUSED', ['connection_refused', (target) => `${target.origin} refused the connection`]],
  ['ECONNRESET', ['connection_reset', (target) => `${target.origin} reset the connection`]],
  ['ENETUNREACH', ['network_unreachable', (target) => `no route to the network of ${target.origin}`]],
  ['EHOSTUNREACH', ['network_error', (target) => `no route to ${target.origin}`]],
  ['ETIMEDOUT', ['timeout', (target) => `the connection to ${target.origin} timed out`]],
  ['UND_ERR_CONNECT_TIMEOUT', ['timeout', (target) => `no connection to ${target.origin} in time`]],
  ['UND_ERR_HEADERS_TIMEOUT', ['timeout', (target) => `no answer from ${target.origin} in time`]],
  ['UND_ERR_SOCKET', ['network_error', (target) => `${target.origin} closed the connection without an answer`]],
  ['UND_ERR_HEADERS_OVERFLOW', TOO_LONG_HEAD],
  // Before the head is over: a length and a transfer coding at once.
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', NOT_HTTP],
  ['UND_ERR_INVALID_ARG', NOT_SENDABLE],
  ['UND_ERR_NOT_SUPPORTED', NOT_SENDABLE],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    [
      'tls_error',
      (target) =>
        `${target.origin} sent its certificate without the intermediate certificate that signed it: browsers hide this ` +
        'by fetching it themselves; the server has to send the full chain',
    ],
  ],
  ['SELF_SIGNED_CERT_IN_CHAIN', PRIVATE_ROOT],
  ['UNABLE_TO_GET_ISSUER_CERT', PRIVATE_ROOT],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', PRIVATE_ROOT],
  ['CERT_UNTRUSTED', PRIVATE_ROOT],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    ['tls_error', (target) => `the certificate of ${target.origin} is signed by itself and by no authority`],
  ],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    ['tls_error', (target) => `the certificate that ${target.origin} sent is for another name than ${target.hostname}`],
  ],
  ['CERT_HAS_EXPIRED', ['tls_error', (target) => `the certificate of ${target.origin} has expired`]],
  ['CERT_NOT_YET_VALID', ['tls_error', (target) => `the certificate of ${target.origin} is not valid yet`]],
  [
    'ERR_SSL_WRONG_VERSION_NUMBER',
    ['tls_error', (target) => `${target.origin} did not answer in TLS: is it a plain HTTP port?`],
  ],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', ['tls_error', (target) => `${target.origin} did not answer in TLS`]],
]);

/** OpenSSL's verification results, and Node's and OpenSSL's own error codes. */
const TLS =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|ERROR_IN_)|^(?:EPROTO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)$/;
/** Seen where another address of the name has not even a route: the other address's error tells more. */
const NO_ROUTE = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL']);

/** @param replyBegun whether bytes of an answer had come, though no complete head */
export function transportFailure(error: unknown, target: RequestTarget, replyBegun: boolean): HttpFailure {
  if (error instanceof BlockedAddressError) {
    return failure('blocked_address', `deliveries to ${target.hostname} are not allowed: ${error.reason}`);
  }
  // The parser's errors carry no code in undici 8.13, though its documentation promises one.
  if (error instanceof errors.HTTPParserError) return failure(NOT_HTTP[0], NOT_HTTP[1](target));
  const code = codeOf(error);
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return SHUT_DOWN;
  const [name, sentence] = told(code, replyBegun);
  return failure(name, sentence(target));
}

export const SHUT_DOWN: HttpFailure = {
  ok: false,
  code: 'network_error',
  detail: 'the request was given up because the server is stopping',
  aborted: true,
};

export function failure(code: TransportCode, detail: string): HttpFailure {
  return { ok: false, code, detail, aborted: false };
}

function told(code: string, replyBegun: boolean): Told {
  // Closed or refused by us in the middle of the head: cut short, a 101 that nobody asked for, a second 100.
  if (code === 'UND_ERR_SOCKET' && replyBegun) return NOT_HTTP;
  const known = BY_CODE.get(code);
  if (known !== undefined) return known;
  if (code.startsWith('EAI_')) return NO_SUCH_NAME;
  if (TLS.test(code)) return ['tls_error', (target) => `no TLS with ${target.origin} (${code})`];
  return ['network_error', (target) => `the exchange with ${target.origin} failed${code === '' ? '' : ` (${code})`}`];
}

/** The error's code; of several addresses' errors the last that got further than having no route. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) {
    const codes = error.errors.map(codeOf);
    return codes.findLast((code) => !NO_ROUTE.has(code)) ?? codes[0] ?? '';
  }
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return '';
  return error.code;
}
