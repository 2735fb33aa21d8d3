import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openApiDocument } from './openapi.ts';
import { type RouteDeps, routeTable } from './route-table.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security: readonly Record<string, unknown>[];
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: unknown;
  }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: unknown }> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content: Record<string, unknown> }>
  >;
}

// The table is built without calling anything of what its handlers need.
const routes = routeTable({} as RouteDeps);
const text = JSON.stringify(openApiDocument(routes));
const document = JSON.parse(text) as {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Record<string, unknown>; readonly securitySchemes: Record<string, unknown> };
};
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

describe('the OpenAPI document', () => {
  it('has every route of the table, and no other', () => {
    const inTable = routes.map(({ method, path }) => `${method} ${path}`).sort();
    const inDocument = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort();
    assert.deepEqual(inDocument, inTable);
    assert.equal(new Set(inTable).size, routes.length);
  });

  it('is of version 3.1 and names each operation once', () => {
    assert.match(document.openapi, /^3\.1\.\d$/);
    assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length);
  });

  it('has a definition for every reference, and no definition by another name', () => {
    const references = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, reference = '']) => reference);
    assert.ok(references.length > 0);
    for (const reference of references) {
      assert.ok(reference.startsWith('#/components/schemas/'), reference);
      assert.ok(reference.slice('#/components/schemas/'.length) in document.components.schemas, reference);
    }
    assert.doesNotMatch(text, /\$defs|"\$schema"/);
  });

  it('declares the parameters of each path, all of them required, and a schema for every parameter', () => {
    for (const { path, method, operation } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
      assert.deepEqual(
        inPath.map(({ name }) => name),
        named,
        `${method} ${path}`,
      );
      assert.ok(inPath.every(({ required }) => required));
      for (const parameter of operation.parameters) assert.equal(typeof parameter.schema, 'object', parameter.name);
      assert.equal(new Set(operation.parameters.map(({ name }) => name)).size, operation.parameters.length);
    }
  });

  it('declares an answer and what may go wrong for each operation', () => {
    for (const { path, operation } of operations) {
      const statuses = Object.keys(operation.responses);
      assert.ok(
        statuses.some((status) => status.startsWith('2')),
        path,
      );
      assert.ok(statuses.includes('500'), path);
      assert.equal(statuses.includes('401'), operation.security.length > 0, path);
      assert.equal(statuses.includes('422') || operation.requestBody === undefined, true, path);
      for (const { description, content } of Object.values(operation.responses)) {
        assert.ok(description.length > 0);
        assert.deepEqual(Object.keys(content), ['application/json']);
      }
    }
  });

  it('has the security schemes that its operations ask for', () => {
    const asked = new Set(
      operations.flatMap(({ operation }) => operation.security.flatMap((item) => Object.keys(item))),
    );
    assert.deepEqual([...asked].sort(), Object.keys(document.components.securitySchemes).sort());
  });

  it('shows data and filter as objects of any shape', () => {
    const { Event, PublishRequest } = document.components.schemas as Record<
      string,
      { properties: Record<string, { type: string }> }
    >;
    assert.equal(Event?.properties['data']?.type, 'object');
    assert.equal(PublishRequest?.properties['data']?.type, 'object');
  });
});
