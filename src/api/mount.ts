/**
 * Mounts the route table on Fastify: who may call (before the body is read), what is read, what is written. Fastify
 * routes and reads bodies; validation and serialisation are the table's, so its own are not used.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { TenantUseCases } from '../tenants/use-cases.ts';
import { admit, type AccessRule, type Admission, OPERATOR } from './access.ts';
import type { Answers } from './answers.ts';
import { BODY_MAX_BYTES, refuseBody } from './body-head.ts';
import type { Credentials } from './credentials.ts';
import { type Generation, isReserved } from './generation.ts';
import { PREFIX } from './prefix.ts';
import { parseQuery } from './query.ts';
import { replyWriter, type Writer } from './reply-writer.ts';
import { type AnyRoute, type Call, requiresTenant } from './route.ts';
import { admitV0 } from './v0/admission.ts';

const NO_BYTES = new Uint8Array(0);

declare module 'fastify' {
  interface FastifyRequest {
    admission: Admission;
    /** As sent; empty if it wasn't. */
    contentType: string;
  }
  interface FastifyContextConfig {
    generation?: Generation;
  }
}

export interface MountDeps {
  readonly credentials: Credentials;
  readonly tenants: Pick<TenantUseCases, 'find'>;
  readonly replies: Answers;
}

export function mount(app: FastifyInstance, routes: readonly AnyRoute[], deps: MountDeps): void {
  for (const declared of routes) {
    const handlers = {
      method: declared.method,
      onRequest: gate(declared, deps),
      handler: handler(declared, deps),
      config: { generation: declared.generation ?? 'v1' },
    };
    app.route({ ...handlers, url: PREFIX + fastifyPath(declared.path) });
    if (declared.isAtRoot === true) app.route({ ...handlers, url: fastifyPath(declared.path) });
  }
}

const fastifyPath = (path: string): string => (path === '/' ? '' : path).replaceAll(/\{(\w+)\}/g, ':$1');

/** Everything that is decided before the body: an unwelcome one need not be sent. */
function gate(
  declared: AnyRoute,
  deps: MountDeps,
): (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void {
  const rule: AccessRule = {
    access: declared.access,
    requiresTenant: requiresTenant(declared),
    takesPlaceholder: declared.takesPlaceholder === true,
  };
  const isV0 = declared.generation === 'v0';
  const decide = isV0 ? admitV0 : admit;
  const hasParams = declared.path.includes('{');
  const pathNamesTenant = declared.path.includes('{tenant_id}');

  return (request, reply, done) => {
    const params = request.params as Readonly<Record<string, string>>;
    if (hasParams && !Object.values(params).every(isAddressable)) {
      deps.replies.sendUnknownRoute(request, reply);
      return;
    }
    // The paths of 0.x begin with any tenant's id, but for the names that v1's begin with.
    if (isV0 && isReserved(params['tenant_id'] ?? '')) {
      deps.replies.sendUnknownRoute(request, reply);
      return;
    }
    const go = (admission: Admission): void => {
      request.admission = admission;
      const refusal = refuseBody(request.headers, request.contentType, declared.body !== undefined);
      if (refusal === null) deps.replies.invite(request, reply);
      done(refusal ?? undefined);
    };
    const fail = (error: unknown): void => done(error instanceof Error ? error : new Error(String(error)));
    try {
      const admission = decide(
        rule,
        {
          authorization: request.headers.authorization,
          pathTenant: pathNamesTenant ? (params['tenant_id'] ?? '') : null,
        },
        deps,
      );
      if (admission instanceof Promise) admission.then(go, fail);
      else go(admission);
    } catch (error) {
      fail(error);
    }
  };
}

/** There are no ids with a slash, which would look like two, nor with U+0000, which not every store can look for. */
const isAddressable = (param: string): boolean => param !== '' && !param.includes('/') && !param.includes('\0');

function handler(
  declared: AnyRoute,
  deps: MountDeps,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  const writers = new Map<number, Writer>(
    Object.entries(declared.replies).map(([status, schema]) => [Number(status), replyWriter(schema)]),
  );
  return async (request, reply) => {
    const answer = await declared.handle(callOf(declared, request));
    const json = writers.get(answer.status)?.(answer.body);
    if (json === undefined) throw new Error(`${declared.operationId} answered what it doesn't declare`);
    if (declared.asText !== undefined && wantsText(request.headers.accept)) {
      return deps.replies.send(reply, answer.status, declared.asText(answer.status), TEXT_TYPE);
    }
    return deps.replies.send(reply, answer.status, json);
  };
}

const TEXT_TYPE = 'text/plain; charset=utf-8';

/** True of the clients of 0.x, which accept nothing else. */
const wantsText = (accept = ''): boolean => accept.includes('text/plain') && !/application\/json|\*\/\*/.test(accept);

function callOf(declared: AnyRoute, request: FastifyRequest): Call<unknown> {
  const { caller, tenant } = request.admission ?? OPERATOR;
  const params = request.params as Readonly<Record<string, string>>;
  const url = request.raw.url ?? '';
  const queryStart = url.indexOf('?');
  return {
    caller,
    tenant,
    param(name) {
      const value = params[name];
      if (value === undefined) throw new Error(`${declared.path} has no parameter ${name}`);
      return value;
    },
    header(name) {
      const value = request.headers[name];
      return typeof value === 'string' ? value : undefined;
    },
    query: parseQuery(queryStart === -1 ? '' : url.slice(queryStart + 1)),
    body: declared.body === undefined ? null : declared.body.decode(bytesOf(request.body)),
  };
}

function bytesOf(body: unknown): Uint8Array {
  return body instanceof Uint8Array ? body : NO_BYTES;
}

/** All bodies are bytes, whatever their content type says; Fastify would refuse what isn't a media type. */
export function readBodiesRaw(app: FastifyInstance): void {
  app.decorateRequest('admission');
  app.decorateRequest('contentType', '');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_MAX_BYTES }, (_request, body, done) =>
    done(null, body),
  );
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw;
    request.contentType = headers['content-type'] ?? '';
    delete headers['content-type'];
    done();
  });
}
