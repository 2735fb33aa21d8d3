import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stubApi } from '../../test/support/stub-api.ts';
import type { TenantUseCases } from '../tenants/use-cases.ts';
import { cors } from './cors.ts';
import { type RouteDeps, routeTable } from './route-table.ts';
import type { AnyRoute } from './route.ts';

const PAGE = 'https://app.example.com';
const ADMIN = { authorization: 'Bearer admin-key' };
const ROUTES = routeTable({} as RouteDeps);
const pages = cors(ROUTES, [PAGE, 'http://localhost:8080']);

const isOpen = ({ access }: AnyRoute): boolean => access === 'any' || access === 'tenant';
const urlOf = ({ path }: AnyRoute): string => `/api/v1${path === '/' ? '' : path}`.replaceAll(/\{\w+\}/g, 'some%20id');

const preflight = (url: string, method: string | undefined, origin: string | undefined = PAGE) =>
  pages.preflight({ method: 'OPTIONS', url, headers: { origin, 'access-control-request-method': method } });
const headersOf = (method: string, url: string, origin: string | undefined = PAGE) =>
  pages.headersOf({ method, url, headers: { origin } });

describe('a page of a listed origin', () => {
  it('may call, of the whole table, exactly what a token opens', () => {
    const seen = { open: 0, closed: 0 };
    for (const route of ROUTES) {
      const what = `${route.method} ${route.path}`;
      const expected = isOpen(route);
      seen[expected ? 'open' : 'closed'] += 1;
      assert.equal(preflight(urlOf(route), route.method) !== null, expected, what);
      assert.equal('access-control-allow-origin' in headersOf(route.method, urlOf(route)), expected, what);
    }
    assert.ok(seen.open > 30 && seen.closed > 5, JSON.stringify(seen));
  });

  it('is told of a path the methods, the headers and how long that holds', () => {
    assert.deepEqual(preflight('/api/v1/tenants/t/destinations/d?a=1', 'PATCH', 'http://localhost:8080'), {
      'access-control-allow-origin': 'http://localhost:8080',
      vary: 'Origin',
      'access-control-allow-methods': 'GET, PATCH, DELETE',
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': '7200',
    });
  });

  it('is not told of what only the operator may do on the same path', () => {
    assert.equal(preflight('/api/v1/t', 'GET')?.['access-control-allow-methods']?.includes('PUT'), false);
    assert.equal(preflight('/api/v1/t', 'PUT'), null);
  });

  it('may read of an answer when to try again', () => {
    assert.deepEqual(headersOf('GET', '/api/v1/topics'), {
      'access-control-allow-origin': PAGE,
      vary: 'Origin',
      'access-control-expose-headers': 'retry-after',
    });
  });

  it('gets nothing where there is no route', () => {
    for (const url of [
      '/',
      '*',
      '/topics',
      '/api/v1x',
      '/api/v1/',
      '/api/v1/topics/',
      '/api/v1/publish',
      '/api/v1/%70ublish',
      '/api/v1/metrics',
      '/api/v1/tenants//destinations',
      '/api/v1/tenants/%zz/destinations',
      '/api/v1/healthz',
      '/healthz',
      '/api/v1/openapi.json',
    ]) {
      assert.deepEqual(headersOf('GET', url), {}, url);
      assert.equal(preflight(url, 'GET'), null, url);
    }
  });

  it('makes no preflight without naming a method, nor with another method than OPTIONS', () => {
    assert.equal(preflight('/api/v1/topics', undefined), null);
    assert.equal(preflight('/api/v1/topics', 'get'), null);
    const headers = { origin: PAGE, 'access-control-request-method': 'GET' };
    assert.equal(pages.preflight({ method: 'GET', url: '/api/v1/topics', headers }), null);
  });
});

describe('any other origin', () => {
  it('gets nothing, however alike', () => {
    for (const origin of [
      'https://app.example.com.evil.example',
      'http://app.example.com',
      `${PAGE}:8443`,
      'null',
      '',
    ]) {
      assert.deepEqual(headersOf('GET', '/api/v1/topics', origin), {}, origin);
      assert.equal(preflight('/api/v1/topics', 'GET', origin), null, origin);
    }
    assert.deepEqual(pages.headersOf({ method: 'GET', url: '/api/v1/topics', headers: {} }), {});
  });
});

describe('the server', () => {
  const server = stubApi({
    auth: { apiKey: 'admin-key', jwtSecret: 'jwtsecret' },
    corsOrigins: [PAGE],
    tenants: { find: async () => null } as Partial<TenantUseCases> as TenantUseCases,
  });
  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'OPTIONS',
    path: string,
    headers: Record<string, string> = {},
  ) => {
    const answer = await server.app.inject({
      method,
      url: `/api/v1${path}`,
      headers: { origin: PAGE, ...headers },
      ...(method === 'POST' ? { payload: '{bad' } : {}),
    });
    const { 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed, vary } = answer.headers;
    return [answer.statusCode, origin, exposed, vary];
  };
  const allowed = (status: number) => [status, PAGE, 'retry-after', 'Origin'];
  const nothing = (status: number) => [status, undefined, undefined, undefined];

  it('lets the page read answers and errors of v1', async () => {
    assert.deepEqual(await ask('GET', '/topics', ADMIN), allowed(200));
    assert.deepEqual(await ask('GET', '/topics'), allowed(401));
    assert.deepEqual(await ask('GET', '/tenants/t/destinations', ADMIN), allowed(404));
    assert.deepEqual(await ask('POST', '/retry', ADMIN), allowed(422));
    assert.deepEqual(await ask('POST', '/retry', { ...ADMIN, 'content-encoding': 'gzip' }), allowed(415));
    // The stub has no history to read, which is a fault of our own.
    assert.deepEqual(await ask('GET', '/events', ADMIN), allowed(500));
  });

  it('lets it read errors of 0.x too', async () => {
    assert.deepEqual(await ask('GET', '/t/destinations'), allowed(401));
    assert.deepEqual(await ask('GET', '/t/destinations', { authorization: 'Basic x' }), allowed(400));
    assert.deepEqual(await ask('GET', '/t/destinations', ADMIN), allowed(404));
    assert.deepEqual(await ask('GET', '/destinations', ADMIN), allowed(404));
  });

  it('says nothing to it about routes of the operator, probes and what is not there', async () => {
    assert.deepEqual(await ask('POST', '/publish', ADMIN), nothing(422));
    assert.deepEqual(await ask('PUT', '/t'), nothing(401));
    assert.deepEqual(await ask('GET', '/healthz'), nothing(200));
    assert.deepEqual(await ask('GET', '/nope/nope/nope'), nothing(404));
  });

  it('says nothing to other pages', async () => {
    assert.deepEqual(await ask('GET', '/topics', { ...ADMIN, origin: 'https://evil.example' }), nothing(200));
    assert.deepEqual(await ask('GET', '/t/destinations', { origin: 'https://evil.example' }), nothing(401));
  });

  it('answers a preflight without a credential, and 404 as ever where there is nothing to allow', async () => {
    const asking = { 'access-control-request-method': 'GET' };
    for (const path of ['/topics', '/tenants/t/destinations', '/t/destinations', '/destinations']) {
      const answer = await server.app.inject({
        method: 'OPTIONS',
        url: `/api/v1${path}`,
        headers: { origin: PAGE, ...asking },
      });
      assert.deepEqual([answer.statusCode, answer.body], [204, ''], path);
      assert.equal(answer.headers['access-control-allow-origin'], PAGE);
      assert.equal(answer.headers['access-control-allow-headers'], 'authorization, content-type');
      assert.equal(answer.headers['content-type'], undefined);
    }
    assert.deepEqual(await ask('OPTIONS', '/topics'), nothing(404));
    assert.deepEqual(await ask('OPTIONS', '/healthz', asking), nothing(404));
    assert.deepEqual(await ask('OPTIONS', '/publish', { 'access-control-request-method': 'POST' }), nothing(404));
    assert.deepEqual(await ask('OPTIONS', '/topics', { ...asking, origin: 'https://evil.example' }), nothing(404));
  });

  it('answers nobody when no origin is configured', async () => {
    const { app } = stubApi();
    const headers = { origin: PAGE, 'access-control-request-method': 'GET' };
    const answer = await app.inject({ method: 'OPTIONS', url: '/api/v1/topics', headers });
    assert.equal(answer.statusCode, 404);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  });
});
