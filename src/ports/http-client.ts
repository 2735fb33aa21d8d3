/** HTTP out, as destinations see it: every failure of the way is a value, every dial passes the address guard. */
import type { TransportCode } from '../domain/attempt.ts';

export interface HttpClient {
  /** Resolves for every answer and every network failure; rejects only for a bug. Redirects are not followed. */
  send(request: HttpRequest): Promise<HttpResult>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** As the tenant wrote it; sent with path and query unchanged and without its fragment. */
  readonly url: string;
  /** Name and value pairs in the order to send; names unique regardless of case. Values may hold any UTF-8 text. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Sent with an exact `Content-Length`, never chunked. */
  readonly body: Uint8Array;
  /** Aborts at shutdown; the time limits are the client's own. */
  readonly signal: AbortSignal;
}

export type HttpResult =
  | {
      readonly ok: true;
      readonly status: number;
      /** Names in lower case; several values of one name as the wire had them. */
      readonly headers: Readonly<Record<string, string | readonly string[]>>;
      /** At most the client's cap; empty if more came. */
      readonly body: Uint8Array;
      /** True if the body was longer than the cap, and was not kept. */
      readonly tooLong: boolean;
    }
  | {
      readonly ok: false;
      readonly code: TransportCode;
      /** For people: what failed, on which origin. Never path, query, user or password of the URL. */
      readonly detail: string;
      /** True if the signal ended it before an answer. */
      readonly aborted: boolean;
    };
