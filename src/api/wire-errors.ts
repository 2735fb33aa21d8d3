/**
 * Errors below the router, where Node would answer in plain text or not at all: heads that are malformed, too long or too
 * slow, expectations, tunnels. All of them are JSON errors and end the connection (architecture §8).
 */
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../ports/clock.ts';
import { type ErrorReply, errorReply } from './errors.ts';
import { generationOf } from './generation.ts';
import { inV0 } from './v0/errors.ts';

/** How long a connection is kept for the client to read why it is closed, while it may still be sending. */
const LINGER_MS = 1_000;
const TOKEN_START = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ /;
const VERSION_END = / HTTP\/\d\.\d$/;
const REQUEST_LINE_MAX_BYTES = 16_384;
const NEWLINE = 0x0a;

interface ParseError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

export function answerWireErrors(server: Server, clock: Pick<Clock, 'after'>): void {
  const answered = new WeakSet<Duplex>();
  const answer = (socket: Duplex, reply: ErrorReply): void => {
    // The parser complains again about every further packet.
    if (answered.has(socket)) return;
    answered.add(socket);
    writeRaw(socket, reply, clock);
  };
  server.removeAllListeners('clientError');
  server.on('clientError', (error: ParseError, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) socket.destroy();
    else answer(socket, inGenerationOf(urlOf(error, socket), faultOf(error)));
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    answer(socket, errorReply('not_implemented', 'this is not a proxy', null)),
  );
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const { status, body } = inGenerationOf(
      request.url ?? '',
      errorReply('expectation_failed', 'the only expectation that can be met is 100-continue', null),
    );
    response.writeHead(status, {
      'content-type': JSON_TYPE,
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    });
    response.end(body);
  });
}

export const JSON_TYPE = 'application/json; charset=utf-8';

/** A reply that has begun can't be replaced by another. Node keeps it at the socket, without a public name. */
function isAnswering(socket: Duplex): boolean {
  const { _httpMessage: message } = socket as { _httpMessage?: ServerResponse | null };
  return message?.headersSent === true;
}

function inGenerationOf(url: string, reply: ErrorReply): ErrorReply {
  return generationOf(url) === 'v0' ? inV0(reply) : reply;
}

/** What was asked for, as far as it is known: of a request whose body was too slow, or of the line that the parser was at. */
function urlOf(error: ParseError, socket: Duplex): string {
  const { _httpMessage: message } = socket as { _httpMessage?: ServerResponse | null };
  return message?.req.url ?? targetOf(lineOf(error)) ?? targetOf(lineOf({ ...error, bytesParsed: 0 })) ?? '';
}

/** Of a head that is too large the parser may be past the end, so that the line is looked for from the packet's start. */
const targetOf = (line: string): string | undefined => line.split(' ', 2)[1];

/** Exported for its test: which error a fault of the parser is. */
export function faultOf(error: ParseError): ErrorReply {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return errorReply('request_timeout', 'the request took too long to arrive', null);
    case 'HPE_HEADER_OVERFLOW':
      return isLongLine(error.rawPacket)
        ? errorReply('headers_too_large', `the request line must be at most ${REQUEST_LINE_MAX_BYTES} bytes`, null, 414)
        : errorReply('headers_too_large', `the request's head must be at most ${REQUEST_LINE_MAX_BYTES} bytes`, null);
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return errorReply('payload_too_large', 'the chunk extensions are too long', null);
    case 'HPE_INVALID_METHOD':
      return TOKEN_START.test(lineOf(error)) ? errorReply('not_implemented', 'unknown method', null) : malformed();
    case 'HPE_INVALID_VERSION':
      return VERSION_END.test(lineOf(error)) ? unknownVersion() : malformed();
    case 'HPE_PAUSED_H2_UPGRADE':
      return unknownVersion();
    case 'HPE_INVALID_TRANSFER_ENCODING':
      return errorReply('not_implemented', 'the only transfer coding is chunked', null);
    default:
      return malformed();
  }
}

const malformed = (): ErrorReply => errorReply('bad_request', 'malformed request', null);
export const unknownVersion = (): ErrorReply => errorReply('version_not_supported', 'only HTTP/1.1 and 1.0', null);

/** The request line that the parser was at; exact unless it came in several packets. */
function lineOf(error: ParseError): string {
  const text = (error.rawPacket ?? Buffer.alloc(0)).toString('latin1');
  const before = text.lastIndexOf('\r\n\r\n', Math.max(0, (error.bytesParsed ?? 0) - 1));
  const start = before === -1 ? 0 : before + 4;
  return text.slice(start, start + REQUEST_LINE_MAX_BYTES).split(/\r?\n/, 1)[0] ?? '';
}

/** Whether the line alone is too long, as far as one packet shows it. */
function isLongLine(packet: Buffer | undefined): boolean {
  if (packet === undefined || !TOKEN_START.test(packet.toString('latin1', 0, 32))) return false;
  const end = packet.indexOf(NEWLINE);
  return end === -1 || end > REQUEST_LINE_MAX_BYTES;
}

function writeRaw(socket: Duplex, reply: ErrorReply, clock: Pick<Clock, 'after'>): void {
  const head = [
    `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ''}`,
    `Content-Type: ${JSON_TYPE}`,
    `Content-Length: ${Buffer.byteLength(reply.body)}`,
    'Connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${reply.body}`);
  // Destroyed at once, bytes that are still coming would reset the connection under the reply.
  const cancel = clock.after(LINGER_MS, () => socket.destroy());
  socket.once('close', cancel);
}
