/** The few calls of the API that the kill test makes, as any client would make them. */
import { ADMIN_KEY } from '../support/server-process.ts';

const HEADERS = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
const PAGE = 1_000;

export interface Attempt {
  readonly event_id: string;
  readonly destination_id: string;
  readonly attempt_number: number;
  readonly status: string;
}

async function call(url: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const reply = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: HEADERS,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${method} ${path} answered ${reply.status}: ${text}`);
  return JSON.parse(text);
}

export async function createDestination(url: string, tenant: string, id: string, target: string): Promise<void> {
  await call(url, 'PUT', `/tenants/${tenant}`, {});
  await call(url, 'POST', `/tenants/${tenant}/destinations`, {
    id,
    type: 'webhook',
    topics: '*',
    config: { url: target },
  });
}

/** Resolves with the destinations that the 202 named; rejects for anything else. */
export async function publish(url: string, tenant: string, id: string): Promise<readonly string[]> {
  const reply = (await call(url, 'POST', '/publish', { id, tenant_id: tenant, topic: 'a', data: { id } })) as {
    destination_ids: string[];
  };
  return reply.destination_ids;
}

/** Every row of a list, walked page by page. */
async function* rows(url: string, path: string): AsyncGenerator<unknown> {
  let next: string | null = null;
  do {
    const page = (await call(url, 'GET', `${path}?limit=${PAGE}${next === null ? '' : `&next=${next}`}`)) as {
      models: unknown[];
      pagination: { next: string | null };
    };
    yield* page.models;
    next = page.pagination.next;
  } while (next !== null);
}

export async function allEventIds(url: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const row of rows(url, '/events')) ids.add((row as { id: string }).id);
  return ids;
}

export async function allAttempts(url: string): Promise<ReadonlyMap<string, readonly Attempt[]>> {
  const attempts = new Map<string, Attempt[]>();
  for await (const row of rows(url, '/attempts')) {
    const attempt = row as Attempt;
    const key = `${attempt.destination_id} ${attempt.event_id}`;
    const made = attempts.get(key);
    if (made === undefined) attempts.set(key, [attempt]);
    else made.push(attempt);
  }
  return attempts;
}
