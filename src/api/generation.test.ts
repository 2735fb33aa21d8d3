import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generationOf, isReserved } from './generation.ts';
import { type RouteDeps, routeTable } from './route-table.ts';

const routes = routeTable({} as RouteDeps);
const urlOf = (path: string): string =>
  `/api/v1${path === '/' ? '' : path.replace('{tenant_id}', 'acme').replaceAll(/\{\w+\}/g, 'x')}`;

describe('the generation of a path', () => {
  it('is that of the route which serves it', () => {
    for (const declared of routes) {
      assert.equal(generationOf(urlOf(declared.path)), declared.generation ?? 'v1', declared.path);
    }
  });

  it('does not depend on what follows the path, nor on how it is encoded', () => {
    assert.equal(generationOf('/api/v1/acme?a=/tenants'), 'v0');
    assert.equal(generationOf('/api/v1/%74enants/acme'), 'v1');
    assert.equal(generationOf('/api/v1/%zz'), 'v0');
    assert.equal(generationOf('/api/v1/a%2Fb/destinations'), 'v0');
  });

  it('is v1 outside the prefix and where there is nothing to tell', () => {
    for (const url of ['', '*', '/healthz', '/other', '/api/v1/', '/api/v1?x', '/api/v10']) {
      assert.equal(generationOf(url), url === '/api/v1?x' ? 'v0' : 'v1', url);
    }
  });

  it('keeps every first segment of v1 from being a tenant of 0.x', () => {
    const first = routes.filter(({ generation }) => generation !== 'v0').map(({ path }) => path.split('/')[1] ?? '');
    assert.deepEqual(
      first.filter((segment) => !isReserved(segment)),
      [],
    );
  });
});
