/**
 * Errors of 0.x: `{message, data?, code}`. Unlike v1's there is no `status`, broken rules are told by field, and what is no
 * JSON is 400 (spec api-v0.md §3). There always is a body: without one the clients of 0.x don't find their typed errors.
 */
import { z } from 'zod';
import { AppError, ERROR_CODES, type ErrorCode } from '../../lib/errors.ts';
import { type ErrorReply, FIXED_MESSAGES, replyOf, UNKNOWN_ROUTE } from '../errors.ts';

const STATUS_HERE: Partial<Readonly<Record<ErrorCode, number>>> = { invalid_json: 400 };
const MESSAGES_HERE: Partial<Readonly<Record<ErrorCode, string>>> = { destination_disabled: 'destination is disabled' };

export const errorSchemaV0 = z
  .object({
    message: z.string(),
    data: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'The rule that each field broke, such as `required` for `config.url`.' }),
    code: z.enum(ERROR_CODES).meta({ description: 'What went wrong, for programs: see docs/errors.md.' }),
  })
  .meta({ id: 'ErrorV0' });

/** What a client of 0.x sees of anything thrown. */
export function replyOfV0(error: unknown): ErrorReply {
  if (!(error instanceof AppError)) return inV0(replyOf(error));
  const { status, headers } = replyOf(error);
  const { code } = error;
  const sentences = Array.isArray(error.data) && error.fields === null ? (error.data as readonly string[]) : [];
  const message = MESSAGES_HERE[code] ?? FIXED_MESSAGES[code] ?? error.message;
  const body = {
    // There is no place for sentences but the message.
    message: sentences.length === 0 ? message : `${message}: ${sentences.join(', ')}`,
    data: dataOf(error),
    code,
  };
  return { status: STATUS_HERE[code] ?? status, headers, body: JSON.stringify(body) };
}

function dataOf({ code, data, fields }: AppError): Readonly<Record<string, string>> | undefined {
  if (fields !== null) return fields;
  if (data === null || Array.isArray(data) || code === 'destination_disabled') return undefined;
  return data as Readonly<Record<string, string>>;
}

/** The same error without v1's `status`. */
export function inV0(reply: ErrorReply): ErrorReply {
  const { status: _status, ...body } = JSON.parse(reply.body) as Readonly<Record<string, unknown>>;
  return { ...reply, body: JSON.stringify(body) };
}

export const UNKNOWN_ROUTE_V0: ErrorReply = inV0(UNKNOWN_ROUTE);
