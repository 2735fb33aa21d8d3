/**
 * The errors that callers see. An `AppError` says that the caller or something below us is at fault, with a code from
 * one closed list; `docs/errors.md` has a heading per code, and a test compares the two. Anything else thrown is a bug.
 */
export const ERROR_CODES = [
  'invalid_json',
  'invalid_request',
  'unauthorized',
  'forbidden',
  'not_found',
  'tenant_not_found',
  'destination_not_found',
  'destination_type_not_found',
  'event_not_found',
  'attempt_not_found',
  'destination_exists',
  'destination_quota',
  'destination_disabled',
  'destination_mismatch',
  'event_id_conflict',
  'attempt_in_flight',
  'payload_gone',
  'concurrent_change',
  'payload_too_large',
  'unsupported_encoding',
  'headers_too_large',
  'request_timeout',
  'bad_request',
  'not_implemented',
  'version_not_supported',
  'expectation_failed',
  'overloaded',
  'storage_full',
  'unavailable',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What an error tells beside its message: sentences, or texts by field (`query.dir`). Never empty, never a secret. */
export type ErrorData = readonly string[] | Readonly<Record<string, string>>;

/** The only error class thrown on purpose for callers. The API maps codes to statuses in api/errors.ts only. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly data: ErrorData | null;
  /** The rule that each field broke, where the sentences of `data` say the same in words. */
  readonly fields: Readonly<Record<string, string>> | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: { data?: ErrorData; fields?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.data = options.data ?? null;
    this.fields = options.fields ?? null;
  }
}

/** Start-up found something that the operator has to change. Printed without a stack; exit code 1. */
export class StartError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'StartError';
  }
}
