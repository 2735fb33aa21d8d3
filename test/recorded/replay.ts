/** Sends recorded requests and compares the answers. Variables live as long as the replay, as the recording needs it. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request as send } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { differences, textDiffers } from './compare.ts';
import { type Exact, parseExact, writeExact } from './exact-value.ts';
import { type Deviation, type Exchange, type RecordedRequest, statusesOf } from './recording.ts';

/** Work goes on after a 202, so that a read is repeated until it matches, or for this long. */
const SETTLE_MS = 8_000;
const POLL_MS = 20;
/** Reads of what goes on after a 202. */
const READS = /^\/api\/v1\/(events|attempts|metrics|tenants\/[^/]+\/destinations\/[^/]+\/attempts)/;
const HASHES: Readonly<Record<string, string>> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

export interface Replay {
  /** Answers how the server's answer differs from what is expected; empty if it doesn't. */
  run(exchange: Exchange): Promise<string[]>;
  close(): void;
}

export interface ReplayOptions {
  /** Paths whose answers change while work goes on. */
  readonly reads: RegExp;
  /** Whether answers may have members that were not recorded, in any order. */
  readonly takesMore: boolean;
}

interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly location: string | undefined;
  readonly text: string;
}

/**
 * @param variables `sink`, `plain`, `admin` and so on
 * @param known ids whose difference is known, and isn't waited for to vanish
 */
export function replay(
  host: string,
  variables: Record<string, string>,
  deviations: ReadonlyMap<string, Deviation>,
  known: ReadonlySet<string>,
  { reads, takesMore }: ReplayOptions = { reads: READS, takesMore: false },
): Replay {
  const agent = new Agent({ keepAlive: true });
  const filled = (text: string): string => text.replaceAll(/\{\{(\w+)\}\}/g, (whole, name) => variables[name] ?? whole);
  const ask = (recorded: RecordedRequest): Promise<Answer> => exchangeOnce(agent, host, recorded, filled);

  return {
    async run(exchange) {
      const { setup, teardown, save } = exchange;
      if (setup?.mint !== undefined) variables[setup.mint.name] = mint(setup.mint);
      for (const recorded of setup?.requests ?? []) await ask(recorded);
      if (setup?.wait_ms !== undefined) await pause(setup.wait_ms);
      const waits =
        setup?.wait !== undefined || (exchange.request.method === 'GET' && reads.test(exchange.request.path));
      const deadline = Date.now() + (known.has(exchange.id) ? 0 : SETTLE_MS);
      const deviation = deviations.get(exchange.id);
      for (;;) {
        const answer = await ask(exchange.request);
        const found = compare(exchange, deviation, answer, filled, takesMore);
        if (found.length > 0 && waits && Date.now() < deadline) {
          await pause(POLL_MS);
          continue;
        }
        for (const [name, path] of Object.entries(save ?? {})) {
          const value = valueAt(answer.text, path);
          if (value !== undefined) variables[name] = value;
        }
        for (const recorded of teardown?.requests ?? []) await ask(recorded);
        return found;
      }
    },
    close: () => agent.destroy(),
  };
}

function compare(
  exchange: Exchange,
  deviation: Deviation | undefined,
  answer: Answer,
  filled: (text: string) => string,
  takesMore: boolean,
): string[] {
  if (deviation !== undefined && deviation.expect === undefined) return [];
  const expect = deviation?.expect ?? exchange.response;
  if (!statusesOf(expect.status).includes(answer.status)) {
    return [
      `the status is ${answer.status} and not ${statusesOf(expect.status).join(' or ')}: ${answer.text.slice(0, 300)}`,
    ];
  }
  if (deviation === undefined) {
    const { headers } = exchange.response;
    if (headers['content-type'] !== answer.contentType) return [`the content type is ${answer.contentType}`];
    if (headers['location'] !== answer.location) return [`the location is ${answer.location}`];
  }
  if (expect.body === undefined) return [];
  const recorded = deviation === undefined ? exchange.response.body_text : undefined;
  const expected = recorded === undefined ? expect.body : recordedBody(recorded);
  const ours = parsed(answer.text);
  if (exchange.varies !== undefined) return shapeDifferences(expected, ours);
  const body = parseExact(filled(writeExact(expected)));
  if (typeof body === 'string') return textDiffers(body, answer.text) ? [`the body is ${answer.text}`] : [];
  return differences(body, ours, {
    unordered: new Set(exchange.unordered ?? []),
    checksOrder: deviation === undefined && !takesMore,
    takesMore,
  });
}

function recordedBody(text: string): Exact {
  try {
    return parseExact(text);
  } catch {
    return text;
  }
}

const parsed = (text: string): Exact => (text === '' ? '' : recordedBody(text));

/** Where rows legitimately differ only the members of the answer are compared. */
function shapeDifferences(expected: Exact, actual: Exact): string[] {
  const keys = (value: Exact): string =>
    typeof value === 'object' && value !== null ? Object.keys(value).join() : typeof value;
  return keys(expected) === keys(actual) ? [] : [`the members are ${keys(actual)} and not ${keys(expected)}`];
}

async function exchangeOnce(
  agent: Agent,
  host: string,
  recorded: RecordedRequest,
  filled: (text: string) => string,
): Promise<Answer> {
  const body = bodyOf(recorded, filled);
  const hasLength = body !== null || ['POST', 'PUT', 'PATCH'].includes(recorded.method);
  const headers = Object.fromEntries(Object.entries(recorded.headers).map(([name, value]) => [name, filled(value)]));
  const [hostname, port] = host.split(':');
  const outgoing = send({
    agent,
    hostname,
    port,
    method: recorded.method,
    path: filled(recorded.path),
    headers: {
      ...headers,
      ...(recorded.chunked === true
        ? { 'Transfer-Encoding': 'chunked' }
        : hasLength
          ? { 'Content-Length': String(body?.length ?? 0) }
          : {}),
    },
  });
  outgoing.end(body ?? undefined);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return {
    status: incoming.statusCode ?? 0,
    contentType: incoming.headers['content-type'],
    location: incoming.headers.location,
    text: Buffer.concat(chunks).toString('utf8'),
  };
}

function bodyOf(recorded: RecordedRequest, filled: (text: string) => string): Buffer | null {
  if (recorded.body_base64 !== undefined) return Buffer.from(recorded.body_base64, 'base64');
  if (recorded.body_text !== undefined) return Buffer.from(filled(recorded.body_text));
  if (recorded.body_repeat !== undefined) {
    const { prefix, char, count, suffix } = recorded.body_repeat;
    return Buffer.from(prefix + char.repeat(count) + suffix);
  }
  return recorded.body === undefined ? null : Buffer.from(filled(writeExact(recorded.body)));
}

function mint({ alg, secret, claims }: NonNullable<NonNullable<Exchange['setup']>['mint']>): string {
  const now = Math.floor(Date.now() / 1_000);
  const timed = Object.entries(claims).map(([name, value]) => {
    const [, offset] = typeof value === 'string' ? (/^now([+-]\d+)$/.exec(value) ?? []) : [];
    return [name, offset === undefined ? value : now + Number(offset)] as const;
  });
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg, typ: 'JWT' })}.${part(Object.fromEntries(timed))}`;
  const hash = HASHES[alg];
  return `${signed}.${hash === undefined ? '' : createHmac(hash, secret).update(signed).digest('base64url')}`;
}

function valueAt(text: string, path: string): string | undefined {
  let value: unknown = JSON.parse(text);
  for (const key of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[key];
  return typeof value === 'string' ? value : undefined;
}
