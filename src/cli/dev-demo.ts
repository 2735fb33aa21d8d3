/**
 * The walk that `outpost dev` takes on each start, over HTTP like any client: a tenant with a webhook to the built-in
 * receiver, one event, and its delivery found again in the log of attempts.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Clock } from '../ports/clock.ts';
import type { AttemptMoment } from '../telemetry/channels.ts';

export const DEMO_TENANT = 'demo';
export const DEMO_DESTINATION = 'demo-receiver';
/** A delivery on this machine takes milliseconds; an older backlog may go first. */
const DELIVERED_WITHIN_MS = 15_000;
/** Earlier attempts are counted up to this many. */
const COUNTED_MAX = 100;

export interface DemoOptions {
  /** Of the API, with `/api/v1`. */
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly receiverUrl: string;
  readonly webhookSecret: string;
  /** The first configured topic, or one of ours. */
  readonly topic: string;
  readonly clock: Pick<Clock, 'now' | 'after'>;
}

export interface DemoResult {
  readonly eventId: string;
  /** Attempts that an earlier start left behind; at most `COUNTED_MAX` are counted. */
  readonly earlier: string;
  /** Null if there was none in time. */
  readonly attempt: AttemptMoment | null;
  /** Whether `GET /attempts` shows it. */
  readonly isListed: boolean;
}

/** Rejects if the API refuses one of the steps, which is a bug. */
export async function demo(options: DemoOptions): Promise<DemoResult> {
  const api = client(options);
  await api('PUT', `/tenants/${DEMO_TENANT}`, {});
  const earlier = await api('GET', `/attempts?tenant_id=${DEMO_TENANT}&limit=${COUNTED_MAX}`);
  await pointAtReceiver(api, options);
  const attempts = nextAttempts();
  try {
    const data = { greeting: 'hello from outpost dev', at: new Date(options.clock.now()).toISOString() };
    const event = { tenant_id: DEMO_TENANT, destination_id: DEMO_DESTINATION, topic: options.topic, data };
    const { id } = (await api('POST', '/publish', event)) as { id: string };
    const attempt = await attempts.of(id, options.clock);
    const listed = (await api('GET', `/attempts?tenant_id=${DEMO_TENANT}&event_id=${encodeURIComponent(id)}`)) as Page;
    return { eventId: id, earlier: countOf(earlier as Page), attempt, isListed: listed.models.length > 0 };
  } finally {
    attempts.close();
  }
}

interface Page {
  readonly models: readonly unknown[];
}
type Api = (method: string, path: string, body?: unknown) => Promise<unknown>;

const countOf = ({ models }: Page): string => `${models.length}${models.length === COUNTED_MAX ? ' or more' : ''}`;

/** The receiver has another port on each start, so its destination is made once and changed afterwards. */
async function pointAtReceiver(api: Api, { receiverUrl, webhookSecret }: DemoOptions): Promise<void> {
  const path = `/tenants/${DEMO_TENANT}/destinations`;
  const destinations = (await api('GET', path)) as readonly { id: string; disabled_at: string | null }[];
  const known = destinations.find((destination) => destination.id === DEMO_DESTINATION);
  const settings = { config: { url: receiverUrl }, credentials: { secret: webhookSecret } };
  if (known === undefined) {
    await api('POST', path, { id: DEMO_DESTINATION, type: 'webhook', topics: ['*'], ...settings });
    return;
  }
  await api('PATCH', `${path}/${DEMO_DESTINATION}`, settings);
  if (known.disabled_at !== null) await api('PUT', `${path}/${DEMO_DESTINATION}/enable`);
}

/** Keeps attempts from now on, since one may be over before the publish has answered. */
function nextAttempts() {
  const seen = new Map<string, AttemptMoment>();
  let onSeen = (): void => {};
  const listener = (message: unknown): void => {
    const attempt = message as AttemptMoment;
    if (attempt.tenantId !== DEMO_TENANT || attempt.destinationId !== DEMO_DESTINATION) return;
    if (!seen.has(attempt.eventId)) seen.set(attempt.eventId, attempt);
    onSeen();
  };
  subscribe('delivery.attempted', listener);
  return {
    of(eventId: string, clock: Pick<Clock, 'after'>): Promise<AttemptMoment | null> {
      return new Promise((resolve) => {
        const cancel = clock.after(DELIVERED_WITHIN_MS, () => resolve(null));
        onSeen = () => {
          const attempt = seen.get(eventId);
          if (attempt === undefined) return;
          cancel();
          resolve(attempt);
        };
        onSeen();
      });
    },
    close: () => unsubscribe('delivery.attempted', listener),
  };
}

function client({ apiUrl, apiKey }: DemoOptions): Api {
  return async (method, path, body) => {
    const headers: Record<string, string> = { authorization: `Bearer ${apiKey}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const reply = await fetch(apiUrl + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${method} ${path} answered ${reply.status}: ${text}`);
    return JSON.parse(text);
  };
}
