/** How replies leave: JSON, `Connection: close` where the connection has no future, and the log line of our own faults. */
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorReply } from './errors.ts';
import { replyOfThrown, unknownRoute } from './fastify-errors.ts';
import { type Generation, generationOf } from './generation.ts';
import type { AnyRoute } from './route.ts';
import { redirectOf } from './trailing-slash.ts';
import { JSON_TYPE } from './wire-errors.ts';

export interface AnswersDeps {
  readonly routes: readonly AnyRoute[];
  log(line: Readonly<Record<string, unknown>>): void;
}

export interface Answers {
  /** @param contentType JSON when missing */
  send(reply: FastifyReply, status: number, text: string, contentType?: string): FastifyReply;
  /** A reply that is its head alone. */
  sendEmpty(reply: FastifyReply, status: number, headers: Readonly<Record<string, string>>): FastifyReply;
  sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply;
  sendUnknownRoute(request: FastifyRequest, reply: FastifyReply): FastifyReply;
  /** Notes that a client holds its body back until it is invited (`Expect: 100-continue`). */
  expectBody(request: IncomingMessage): void;
  /** Invites that client; without it the reply ends the connection, since its body was never sent. */
  invite(request: FastifyRequest, reply: FastifyReply): void;
  /** From now on every reply ends its connection. */
  closeConnections(): void;
}

export function answers({ routes, log }: AnswersDeps): Answers {
  const heldBack = new WeakSet<IncomingMessage>();
  let isClosing = false;

  const begin = (reply: FastifyReply, status: number): FastifyReply => {
    // After 413 the body is still coming, and nobody wants it.
    if (isClosing || status === 413 || heldBack.has(reply.request.raw)) reply.header('connection', 'close');
    return reply.code(status);
  };
  const send: Answers['send'] = (reply, status, text, contentType = JSON_TYPE) =>
    begin(reply, status).header('content-type', contentType).send(text);
  const sendEmpty: Answers['sendEmpty'] = (reply, status, headers) =>
    begin(reply, status)
      .headers({ ...headers })
      .send();
  const sendReply = (reply: FastifyReply, { status, headers, body }: ErrorReply): FastifyReply =>
    send(reply.headers({ ...headers }), status, body);

  return {
    send,
    sendEmpty,
    sendError(error, request, reply) {
      const answer = replyOfThrown(error, generationOfRequest(request));
      if (answer.status === 500) log(failureLine(request, error));
      return sendReply(reply, answer);
    },
    sendUnknownRoute(request, reply) {
      const redirect = redirectOf(routes, request.method, request.raw.url ?? '');
      if (redirect === null) return sendReply(reply, unknownRoute(generationOf(request.raw.url ?? '')));
      return sendEmpty(reply, redirect.status, { location: redirect.location });
    },
    expectBody(request) {
      heldBack.add(request);
    },
    invite(request, reply) {
      if (heldBack.delete(request.raw)) reply.raw.writeContinue();
    },
    closeConnections() {
      isClosing = true;
    },
  };
}

/** The matched route's; that of its path where there is none. */
function generationOfRequest(request: FastifyRequest): Generation {
  return request.routeOptions.config.generation ?? generationOf(request.raw.url ?? '');
}

/** The route and not the path: ids and queries stay out of logs. */
function failureLine(request: FastifyRequest, error: unknown): Readonly<Record<string, unknown>> {
  return {
    event: 'request_failed',
    method: request.method,
    route: request.routeOptions.url ?? null,
    status: 500,
    error,
  };
}
