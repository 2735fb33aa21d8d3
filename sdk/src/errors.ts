/**
 * Every error of the client. An answer that isn't a success is an `OutpostError`, of a class by its status; everything
 * that has no answer is an `HTTPClientError`. The classes don't inherit from each other, so one `instanceof` decides.
 */

/** The seven operations; on two of them status 400 has another class. */
export type Operation = 'list' | 'create' | 'get' | 'update' | 'delete' | 'enable' | 'disable';

/** What an answer brought. */
export interface Answer {
  readonly response: Response;
  /** The body as text. */
  readonly body: string;
}

/** The server, or something before it, answered, and not as hoped. */
export abstract class OutpostError extends Error {
  readonly statusCode: number;
  /** The answer's body as text. */
  readonly body: string;
  readonly headers: Headers;
  /** As `fetch` gave it. Its body has been read: see `body`. */
  readonly rawResponse: Response;
  /** The body parsed, if it is JSON; otherwise undefined. For invalid fields it has `data`, by their names. */
  readonly json: unknown;

  constructor(message: string, answer: Answer, json: unknown) {
    super(message);
    this.name = new.target.errorName;
    this.statusCode = answer.response.status;
    this.body = answer.body;
    this.headers = answer.response.headers;
    this.rawResponse = answer.response;
    this.json = json;
  }

  /** The class's name, which a minifier doesn't change. */
  protected static readonly errorName: string = 'OutpostError';
}

/** 401, 403, 407, 511. */
export class UnauthorizedError extends OutpostError {
  protected static override readonly errorName = 'UnauthorizedError';
}
/** 408, 504. */
export class TimeoutError extends OutpostError {
  protected static override readonly errorName = 'TimeoutError';
}
/** 429. */
export class RateLimitedError extends OutpostError {
  protected static override readonly errorName = 'RateLimitedError';
}
/** 413, 414, 415, 422, 431, 510; and 400, unless a destination was to be created or updated. */
export class BadRequestError extends OutpostError {
  protected static override readonly errorName = 'BadRequestError';
}
/** 501, 505. A destination that isn't there is an `APIError` with status 404. */
export class NotFoundError extends OutpostError {
  protected static override readonly errorName = 'NotFoundError';
}
/** 500, 502, 503, 506, 507, 508. */
export class InternalServerError extends OutpostError {
  protected static override readonly errorName = 'InternalServerError';
}
/** Any other status, and every answer that isn't JSON, whatever its status. */
export class APIError extends OutpostError {
  protected static override readonly errorName = 'APIError';
}

/** There is no answer: the reason is in the class, and in `cause` where another error is behind it. */
export abstract class HTTPClientError extends Error {}

/** The call was wrong and nothing was sent, such as one without a tenant. */
export class InvalidRequestError extends HTTPClientError {
  override readonly name = 'InvalidRequestError';
}
/** No connection, or it broke before the answer was complete. The request may have been carried out. */
export class ConnectionError extends HTTPClientError {
  override readonly name = 'ConnectionError';
}
/** No complete answer within `timeoutMs`. The request may have been carried out. */
export class RequestTimeoutError extends HTTPClientError {
  override readonly name = 'RequestTimeoutError';
}
/** The caller's `signal` aborted; its reason is the `cause`. */
export class RequestAbortedError extends HTTPClientError {
  override readonly name = 'RequestAbortedError';
}

type ErrorClass = new (message: string, answer: Answer, json: unknown) => OutpostError;

const CLASSES: readonly (readonly [ErrorClass, readonly number[]])[] = [
  [UnauthorizedError, [401, 403, 407, 511]],
  [TimeoutError, [408, 504]],
  [RateLimitedError, [429]],
  [BadRequestError, [400, 413, 414, 415, 422, 431, 510]],
  [NotFoundError, [501, 505]],
  [InternalServerError, [500, 502, 503, 506, 507, 508]],
];
const CLASS_OF_STATUS = new Map(CLASSES.flatMap(([type, statuses]) => statuses.map((status) => [status, type])));
/** Of a body that isn't ours to be shown, such as a proxy's page. */
const EXCERPT_MAX = 200;

/** The JSON of a successful answer. Throws the error that any other answer is. */
export function readAnswer(operation: Operation, answer: Answer): unknown {
  const { response } = answer;
  const json = parseJson(answer);
  if (json === undefined) throw new APIError(notJson(answer), answer, undefined);
  if (response.ok) return json;
  throw new (classOf(operation, response.status))(messageOf(json) ?? `status ${response.status}`, answer, json);
}

function classOf(operation: Operation, status: number): ErrorClass {
  if (status === 400 && (operation === 'create' || operation === 'update')) return APIError;
  return CLASS_OF_STATUS.get(status) ?? APIError;
}

function parseJson({ response, body }: Answer): unknown {
  const mediaType = (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function messageOf(json: unknown): string | null {
  const message = typeof json === 'object' && json !== null && 'message' in json ? json.message : null;
  return typeof message === 'string' && message !== '' ? message : null;
}

function notJson({ response, body }: Answer): string {
  // A browser says nothing more of a redirect that it was told not to follow.
  if (response.type === 'opaqueredirect') return 'the answer is a redirect, which is not followed';
  const location = response.headers.get('location');
  if (response.status >= 300 && response.status < 400 && location !== null) {
    return `status ${response.status}: the answer is a redirect to ${location}, which is not followed`;
  }
  if (body === '') return `status ${response.status}: the answer is empty`;
  const type = response.headers.get('content-type') ?? 'without a content type';
  const excerpt = body.length > EXCERPT_MAX ? `${body.slice(0, EXCERPT_MAX)}…` : body;
  return `status ${response.status}: the answer is not JSON (${type}): ${excerpt}`;
}
