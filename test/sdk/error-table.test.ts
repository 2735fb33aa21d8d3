/** Seven operations × every status of the page and some others × four kinds of body, over a real socket. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as sdk from '../../sdk/src/outpost-sdk.ts';
import { BODY_SHAPES, type BodyShape, ERROR_STATUSES, expectedClass } from './error-table.ts';
import { plainHttpClient } from './http-client.ts';
import { OPERATIONS } from './operations.ts';
import { jsonAnswer, type ScriptedServer, scriptedServer } from './scripted-server.ts';

const CLASSES = [
  sdk.UnauthorizedError,
  sdk.TimeoutError,
  sdk.RateLimitedError,
  sdk.BadRequestError,
  sdk.NotFoundError,
  sdk.InternalServerError,
  sdk.APIError,
];

describe('errors of the client by status', () => {
  let server: ScriptedServer;
  let client: sdk.Outpost;
  let unhidden: sdk.Outpost;
  before(async () => {
    server = await scriptedServer();
    const options = { serverURL: server.serverURL, tenantId: 't', security: { adminApiKey: 'key' } };
    client = new sdk.Outpost(options);
    unhidden = new sdk.Outpost({ ...options, httpClient: plainHttpClient });
  });
  after(() => server.close());

  const failure = async (operation: (typeof OPERATIONS)[number], status: number, shape: BodyShape) => {
    const headers = { 'x-request': `${operation.name} ${status}` };
    const type = shape.contentType === null ? {} : { 'content-type': shape.contentType };
    server.answer({ status, headers: { ...headers, ...type }, body: shape.body });
    const error = await operation.call(status === 407 ? unhidden : client).then(
      () => assert.fail(`${operation.name} took a ${status}`),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof sdk.OutpostError, `${operation.name} ${status} ${shape.name}: ${String(error)}`);
    const classes = CLASSES.filter((type) => error instanceof type).map((type) => type.name);
    assert.equal(classes.length, 1, 'the classes do not inherit from each other');
    assert.equal(error.name, classes[0]);
    assert.equal(error.statusCode, status);
    assert.equal(error.body, shape.body);
    assert.equal(error.headers.get('x-request'), headers['x-request']);
    assert.equal(error.rawResponse.status, status);
    return error;
  };

  it('has the class of the page for every operation, status and kind of body', async (test) => {
    const rows: string[] = [];
    for (const status of ERROR_STATUSES) {
      const cells: string[] = [];
      for (const operation of OPERATIONS) {
        for (const shape of BODY_SHAPES) {
          const error = await failure(operation, status, shape);
          const expected = shape.isJson ? expectedClass(operation.name, status) : 'APIError';
          assert.equal(error.name, expected, `${operation.name} ${status} ${shape.name}`);
          if (shape.isJson) assert.equal(error.message, 'why');
          else assert.match(error.message, new RegExp(`^status ${status}: the answer is (not JSON|empty)`));
          cells.push(error.name);
        }
      }
      assert.equal(cells.length, OPERATIONS.length * BODY_SHAPES.length, 'the matrix has a hole');
      const json = OPERATIONS.map(({ name }) => `${name} ${expectedClass(name, status)}`);
      const isUniform = new Set(cells.filter((_, index) => index % BODY_SHAPES.length === 0)).size === 1;
      rows.push(`${status}  JSON: ${isUniform ? cells[0] : json.join(', ')}; other type, empty, malformed: APIError`);
    }
    for (const row of rows) test.diagnostic(row);
  });

  it('is a ConnectionError for a 407 where `fetch` hides it', async () => {
    server.answer(jsonAnswer(407, { message: 'why' }));
    await assert.rejects(client.destinations.list(), sdk.ConnectionError);
  });

  it('is an APIError when a success is not JSON', async () => {
    for (const operation of OPERATIONS) {
      for (const shape of BODY_SHAPES.filter(({ isJson }) => !isJson)) {
        const error = await failure(operation, operation.successStatus, shape);
        assert.equal(error.name, 'APIError', `${operation.name} ${shape.name}`);
      }
    }
  });

  it('names the status where the JSON has no message', async () => {
    for (const body of ['{}', 'null', '[]', '{"message":7}', '{"message":""}']) {
      const shape = { name: body, contentType: 'application/json', body, isJson: true };
      assert.equal((await failure(OPERATIONS[0]!, 503, shape)).message, 'status 503');
    }
  });

  it('shows the invalid fields of a refused body', async () => {
    const body = '{"message":"validation error","data":{"config.url":"required"}}';
    const error = await failure(OPERATIONS[1]!, 422, { name: '', contentType: 'application/json', body, isJson: true });
    assert.deepEqual(error.json, JSON.parse(body));
  });

  it('does not follow a redirect, which would carry the credential along', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      server.answer({ status, headers: { location: 'https://elsewhere.example/' }, body: '' });
      const error = await client.destinations.list().then(
        () => assert.fail(`a ${status} was taken`),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof sdk.APIError);
      assert.equal(
        error.message,
        `status ${status}: the answer is a redirect to https://elsewhere.example/, which is not followed`,
      );
    }
  });
});
