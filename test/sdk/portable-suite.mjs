/**
 * What the client must do in every runtime, as one program without types or test runner. It only reports what it saw:
 * runtimes.test.ts judges. As a module it runs nowhere but in what imports it, such as a page.
 */

const WEBHOOK = { type: 'webhook', topics: '*', config: { url: 'https://example.com/hook' } };
const destinationId = 'des_1';

/**
 * @param sdk the built package
 * @param task addresses, credentials and the cases of the table
 */
export async function runSuite(sdk, task) {
  const scripted = (options) =>
    new sdk.Outpost({ serverURL: task.scriptedURL, tenantId: 't', security: { adminApiKey: 'key' }, ...options });
  return {
    table: await errorTable(scripted(), task.cases),
    key: await sevenOperations(sdk, { serverURL: task.serverURL, security: { adminApiKey: task.key } }, task.tenant),
    token: await sevenOperations(sdk, { serverURL: task.serverURL, security: { tenantJwt: task.token } }),
    odd: await scripted().destinations.get({ destinationId: 'odd ü/' }),
    retried: await scripted().destinations.list(
      { tenantId: 'flaky' },
      { retries: { strategy: 'backoff', backoff: { initialInterval: 1, maxInterval: 2 } } },
    ),
    late: await nameOf(scripted({ timeoutMs: 50 }).destinations.list({ tenantId: 'silent' })),
    aborted: await abortedCall(scripted()),
    broken: await nameOf(scripted({ serverURL: task.closedURL }).destinations.list()),
    redirected: await nameOf(scripted().destinations.list({ tenantId: 'elsewhere' })),
    webhook: await receiver(sdk, task.webhook),
  };
}

const nameOf = (call) =>
  call.then(
    () => 'no error',
    (error) => error.name,
  );

function callsOf({ destinations }, tenant) {
  const one = { ...tenant, destinationId };
  return {
    list: () => destinations.list(tenant),
    create: () => destinations.create({ ...tenant, destinationCreate: { id: destinationId, ...WEBHOOK } }),
    get: () => destinations.get(one),
    update: () => destinations.update({ ...one, destinationUpdate: { topics: ['a'] } }),
    delete: () => destinations.delete(one),
    enable: () => destinations.enable(one),
    disable: () => destinations.disable(one),
  };
}

/** One row a case and operation: the error's class, status and message. */
async function errorTable(client, cases) {
  const rows = [];
  for (const tenantId of cases) {
    for (const [operation, call] of Object.entries(callsOf(client, { tenantId }))) {
      const error = await call().then(
        () => ({}),
        (reason) => reason,
      );
      rows.push([tenantId, operation, error.name ?? null, error.statusCode ?? null, error.message ?? null]);
    }
  }
  return rows;
}

async function sevenOperations(sdk, options, tenantId) {
  const calls = callsOf(new sdk.Outpost(options), tenantId === undefined ? {} : { tenantId });
  const answers = {};
  for (const name of ['create', 'list', 'get', 'update', 'disable', 'enable', 'delete'])
    answers[name] = await calls[name]();
  return answers;
}

async function abortedCall(client) {
  const abort = new AbortController();
  const call = client.destinations.list({ tenantId: 'silent' }, { signal: abort.signal });
  abort.abort();
  return nameOf(call);
}

async function receiver(sdk, { payload, headers, secret }) {
  const checkOf = (call) =>
    call.then(
      ({ eventId }) => eventId,
      (error) => error.check ?? String(error),
    );
  return [
    await checkOf(sdk.verifyWebhook(payload, headers, ['other', secret])),
    await checkOf(sdk.verifyWebhook(payload, headers, 'other')),
    await checkOf(sdk.verifyWebhook(`${payload} `, headers, secret)),
  ];
}
