/**
 * Writes replies by their schema: keys in the order in which the schema declares them, nothing that it doesn't declare,
 * nothing for what is undefined, raw JSON as it is. fast-json-stringify can't splice text, and events carry theirs.
 */
import { z } from 'zod';
import { RawJson } from './raw-json.ts';

/** Turns a value into JSON text, or undefined where the key is to be left out. */
export type Writer = (value: unknown) => string | undefined;

/** Compiles the writer of a schema, once per route and status. Throws for kinds of schema that no reply needs. */
export function replyWriter(schema: z.ZodType): Writer {
  if (schema instanceof z.ZodObject) return objectWriter(schema);
  if (schema instanceof z.ZodArray) return arrayWriter(replyWriter(schema.element as z.ZodType));
  if (schema instanceof z.ZodRecord) return mapWriter(replyWriter(schema.valueType as z.ZodType));
  if (schema instanceof z.ZodOptional) return optionalWriter(replyWriter(schema.unwrap() as z.ZodType));
  if (schema instanceof z.ZodNullable) return nullableWriter(replyWriter(schema.unwrap() as z.ZodType));
  if (schema instanceof z.ZodCustom) return writeRaw;
  if (schema instanceof z.ZodUnion) return unionWriter(schema);
  if (isScalar(schema)) return (value) => JSON.stringify(value);
  throw new Error(`a reply can't hold a schema of type ${schema.def.type}`);
}

function isScalar(schema: z.ZodType): boolean {
  return (
    schema instanceof z.ZodString ||
    schema instanceof z.ZodNumber ||
    schema instanceof z.ZodBoolean ||
    schema instanceof z.ZodEnum ||
    schema instanceof z.ZodLiteral ||
    schema instanceof z.ZodUnknown
  );
}

function objectWriter(schema: z.ZodObject): Writer {
  const members = Object.entries(schema.shape).map(([key, member]) => ({
    key,
    head: `${JSON.stringify(key)}:`,
    write: replyWriter(member as z.ZodType),
    isOptional: member instanceof z.ZodOptional,
  }));
  return (value) => {
    const object = value as Readonly<Record<string, unknown>>;
    let text = '';
    for (const { key, head, write, isOptional } of members) {
      const written = write(object[key]);
      if (written === undefined) {
        if (!isOptional) throw new Error(`a reply lacks ${key}`);
        continue;
      }
      text += text === '' ? head + written : `,${head}${written}`;
    }
    return `{${text}}`;
  };
}

function arrayWriter(write: Writer): Writer {
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    return `[${value.map((item: unknown) => write(item) ?? 'null').join(',')}]`;
  };
}

/** Maps show their keys in the order of their code units, whatever order they were stored in. */
function mapWriter(write: Writer): Writer {
  return (value) => {
    if (value === undefined) return undefined;
    const map = value as Readonly<Record<string, unknown>>;
    const members = Object.keys(map)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${write(map[key]) ?? 'null'}`);
    return `{${members.join(',')}}`;
  };
}

const optionalWriter =
  (write: Writer): Writer =>
  (value) =>
    value === undefined ? undefined : write(value);

const nullableWriter =
  (write: Writer): Writer =>
  (value) =>
    value === null ? 'null' : write(value);

function writeRaw(value: unknown): string | undefined {
  return value instanceof RawJson ? value.text : undefined;
}

/** Of objects, the first whose required members are all there; of anything else, as it is. */
function unionWriter(schema: z.ZodUnion): Writer {
  const options = schema.options as readonly z.ZodType[];
  if (!options.every((option) => option instanceof z.ZodObject)) return writeScalarOrMap;
  const writers = options.map((option) => ({ required: requiredKeys(option), write: objectWriter(option) }));
  return (value) => {
    if (typeof value !== 'object' || value === null) return undefined;
    return writers.find(({ required }) => required.every((key) => key in value))?.write(value);
  };
}

const requiredKeys = (schema: z.ZodObject): string[] =>
  Object.entries(schema.shape).flatMap(([key, member]) => (member instanceof z.ZodOptional ? [] : [key]));

/** The `data` of an error: sentences, or texts by field. Both are free of anything that could leak. */
function writeScalarOrMap(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}
