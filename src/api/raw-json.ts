/** JSON that is passed on as it was written: an event's `data`, a destination's `filter`. Never parsed on the way out. */
import { z } from 'zod';

/** Marks text that is already JSON, so that the reply writer splices it instead of quoting it. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The bytes have been checked to be JSON in UTF-8 when they came in, so that decoding and encoding them loses nothing. */
export function rawJson(json: string | Uint8Array): RawJson {
  if (typeof json === 'string') return new RawJson(json);
  return new RawJson(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8'));
}

/** A JSON object of any shape, which a reply holds as `RawJson`. */
export const rawObject = (description: string): z.ZodType<RawJson, RawJson> =>
  z.instanceof(RawJson).meta({ type: 'object', additionalProperties: true, description });
