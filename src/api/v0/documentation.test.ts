/** docs/api/v0.md has to name every route of 0.x as the table has it: what is added here is added there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { openApiDocument } from '../openapi.ts';
import type { AnyRoute } from '../route.ts';
import { type RouteDepsV0, routeTableV0 } from './route-table.ts';

/** The page says of these that any route may answer them. */
const EVERYWHERE = ['400', '401', '500'];
const ROUTES = routeTableV0({ topics: [], providers: [] } as Partial<RouteDepsV0> as RouteDepsV0);
const page = readFileSync(new URL('../../../docs/api/v0.md', import.meta.url), 'utf8');
const { paths } = JSON.parse(JSON.stringify(openApiDocument(ROUTES))) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { responses: Record<string, unknown> }>>>>;
};

function rowOf(declared: AnyRoute): string {
  const statuses = Object.keys(paths[declared.path]?.[declared.method.toLowerCase()]?.responses ?? {});
  const told = statuses.filter((status) => !EVERYWHERE.includes(status)).join(', ');
  return [declared.method, `\`${declared.path}\``, credentialOf(declared), told].join(' | ');
}

function credentialOf({ access, path }: AnyRoute): string {
  if (access === 'admin') return 'key';
  return path.includes('{tenant_id}') ? 'key or token' : 'token';
}

/** The cells of a section's first table, without what its last column says. */
function rowsOf(section: string): string[] {
  const text = page.split(/^## /m).find((part) => part.startsWith(`${section}\n`)) ?? '';
  const table = /(?:^\|.*\n)+/m.exec(text)?.[0] ?? '';
  const rows = table.trim().split('\n').slice(2);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -2)
      .map((cell) => cell.trim())
      .join(' | '),
  );
}

describe('the page on the 0.x API', () => {
  it('has each route with its credential and statuses, in the order of the table, and no other', () => {
    assert.deepEqual(rowsOf('Routes'), ROUTES.map(rowOf));
    assert.ok(ROUTES.length > 30);
  });

  it('says of what any route may answer only what all of them may', () => {
    for (const item of Object.values(paths).flatMap((methods) => Object.values(methods))) {
      for (const status of EVERYWHERE) assert.ok(status in item.responses);
    }
  });
});
