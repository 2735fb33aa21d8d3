/**
 * The API as tests call it, over HTTP and nothing else: the same for a server in this process and for one of its own.
 * Bodies may be given as bytes or text, since many tests are about what a JSON library would not write.
 */
import assert from 'node:assert/strict';

export interface ApiReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body parsed; undefined if it is empty. Throws if it isn't JSON. */
  json<Shape = Record<string, unknown>>(): Shape;
}

export interface AttemptRow {
  readonly id: string;
  readonly status: 'success' | 'failed';
  readonly code: string;
  readonly time: string;
  readonly attempt_number: number;
  readonly manual: boolean;
  readonly event_id: string;
  readonly destination_id: string;
  readonly response_data?: { readonly status?: number; readonly body?: unknown; readonly error?: string };
  readonly event?: Readonly<Record<string, unknown>>;
}

export interface DestinationRow {
  readonly id: string;
  readonly config: Readonly<Record<string, string>>;
  readonly credentials: Readonly<Record<string, string>>;
  readonly disabled_at: string | null;
}

export interface PageOf<Row> {
  readonly models: readonly Row[];
  readonly pagination: { readonly next: string | null; readonly prev: string | null };
}

export type ApiClient = ReturnType<typeof apiClient>;

/** Longer than anything that works takes on a busy machine; what is waited for is looked at every few milliseconds. */
const PATIENCE_MS = 20_000;

/** @param url may change from call to call, as after a restart */
export function apiClient(url: () => string, adminKey: string) {
  async function call(
    method: string,
    path: string,
    body?: string | Uint8Array<ArrayBuffer> | Readonly<Record<string, unknown>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiReply> {
    const bytes = typeof body === 'object' && !(body instanceof Uint8Array) ? JSON.stringify(body) : body;
    const reply = await fetch(`${url()}/api/v1${path}`, {
      method,
      redirect: 'manual',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json', ...headers },
      ...(bytes === undefined ? {} : { body: bytes }),
    });
    const text = await reply.text();
    return {
      status: reply.status,
      headers: reply.headers,
      text,
      json: <Shape>() => (text === '' ? undefined : JSON.parse(text)) as Shape,
    };
  }
  /** A call that has to be answered with this status. */
  async function expect(status: number, ...request: Parameters<typeof call>): Promise<ApiReply> {
    const reply = await call(...request);
    assert.equal(reply.status, status, `${request[0]} ${request[1]} answered ${reply.status}: ${reply.text}`);
    return reply;
  }
  /** Oldest first. @param query without its `?` */
  async function attempts(query: string): Promise<readonly AttemptRow[]> {
    const reply = await expect(200, 'GET', `/attempts?dir=asc&limit=1000&${query}`);
    return reply.json<PageOf<AttemptRow>>().models;
  }

  return {
    call,
    expect,
    putTenant: (tenant: string) => expect(201, 'PUT', `/tenants/${encodeURIComponent(tenant)}`, {}),
    /** A webhook for all topics, unless the settings say otherwise. */
    async createWebhook(
      tenant: string,
      target: string,
      settings: Readonly<Record<string, unknown>> = {},
    ): Promise<DestinationRow> {
      const path = `/tenants/${encodeURIComponent(tenant)}/destinations`;
      const reply = await expect(201, 'POST', path, {
        type: 'webhook',
        topics: '*',
        config: { url: target },
        ...settings,
      });
      return reply.json<DestinationRow>();
    },
    /** Publishes and answers the 202's body. */
    async publish(event: Readonly<Record<string, unknown>>) {
      const reply = await expect(202, 'POST', '/publish', { data: {}, ...event });
      return reply.json<{ id: string; duplicate: boolean; destination_ids: string[]; reason?: string }>();
    },
    attempts,
    /** Resolves with an event's attempts once there are `count`. */
    attemptsOf(event: string, count: number, query = ''): Promise<readonly AttemptRow[]> {
      return eventually(`${count} attempts of ${event} in the log`, async () => {
        const rows = await attempts(`event_id=${encodeURIComponent(event)}&${query}`);
        return rows.length >= count ? rows : null;
      });
    },
    async events(query = ''): Promise<readonly Record<string, unknown>[]> {
      const reply = await expect(200, 'GET', `/events?dir=asc&limit=1000&${query}`);
      return reply.json<PageOf<Record<string, unknown>>>().models;
    },
  };
}

/** Looks again and again until there is an answer that isn't null; fails with what was waited for. */
export async function eventually<Answer>(
  what: string,
  look: () => Answer | null | Promise<Answer | null>,
): Promise<Answer> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await look();
    if (answer !== null) return answer;
    assert.ok(performance.now() < giveUpAt, `not seen in time: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
