/** The client. It holds no connection and no state: one may be shared, and needs no closing. */
import { type Destinations, destinations } from './destinations.ts';
import { type Environment, systemEnvironment } from './environment.ts';
import { InvalidRequestError } from './errors.ts';
import type { RetryConfig } from './retries.ts';
import { type ApiGeneration, encodeSegment } from './tenant-path.ts';
import { checkTimeout, type HTTPClient, transport } from './transport.ts';

/** The operator's API key, or the token of one tenant, which may be given to a browser. */
export type Security =
  | { readonly adminApiKey: string; readonly tenantJwt?: never }
  | { readonly tenantJwt: string; readonly adminApiKey?: never };

export interface OutpostOptions {
  /** The API's base address with its `/api/v1`. */
  readonly serverURL?: string;
  /** Of every call that names no other. */
  readonly tenantId?: string;
  /** Left out only for a server that runs without authentication. */
  readonly security?: Security;
  /** Of every call that has no `retries` of its own; without it nothing is retried. */
  readonly retryConfig?: RetryConfig;
  /** Of each attempt of a call that has none of its own. */
  readonly timeoutMs?: number;
  /** Instead of the runtime's `fetch`. */
  readonly httpClient?: HTTPClient;
  /** Which paths are used; both have the same calls. */
  readonly api?: ApiGeneration;
}

const DEFAULT_SERVER_URL = 'http://localhost:3333/api/v1';
const DEFAULT_TIMEOUT_MS = 60_000;
/** What a header can carry. */
const TOKEN = /^[\x21-\x7e]+$/;

export class Outpost {
  readonly destinations: Destinations;

  /** @param environment clocks, chance and timer, for tests */
  constructor(options: OutpostOptions = {}, environment: Environment = systemEnvironment) {
    const { retryConfig = { strategy: 'none' }, timeoutMs = DEFAULT_TIMEOUT_MS, api = 'v0', tenantId } = options;
    const adminApiKey = readToken('adminApiKey', options.security?.adminApiKey);
    const tenantJwt = readToken('tenantJwt', options.security?.tenantJwt);
    if (options.security !== undefined && (adminApiKey === null) === (tenantJwt === null)) {
      throw new InvalidRequestError('security needs either adminApiKey or tenantJwt');
    }
    if (tenantId !== undefined) encodeSegment('tenantId', tenantId);
    checkTimeout(timeoutMs);
    const calls = transport({
      baseUrl: readBaseUrl(options.serverURL ?? DEFAULT_SERVER_URL),
      token: adminApiKey ?? tenantJwt,
      retries: retryConfig,
      timeoutMs,
      // Browsers refuse a `fetch` that is called as a method of another object.
      httpClient: options.httpClient ?? ((url, init) => fetch(url, init)),
      environment,
    });
    this.destinations = destinations(calls, { api, tenantId: tenantId ?? null, tenantJwt });
  }
}

/** The credential itself never stands in an error. */
function readToken(name: string, token: string | undefined): string | null {
  if (token === undefined) return null;
  if (!TOKEN.test(token))
    throw new InvalidRequestError(`security: ${name} is empty or has characters that no header can carry`);
  return token;
}

function readBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new InvalidRequestError('serverURL is not an http or https address');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new InvalidRequestError('serverURL has a user, a query or a fragment');
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
