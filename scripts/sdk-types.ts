/**
 * Writes `sdk/src/generated.ts`: the client's types, made from the server's own OpenAPI document and list of destination
 * types. `node scripts/sdk-types.ts` writes it, with `--check` it only says whether it is as it would be written.
 *
 * In the client members are camelCase and times are dates; inside the maps (`config`, `credentials`, `metadata`, …) names
 * and values are the wire's own.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { composedServer } from '../test/support/composed-server.ts';

export const GENERATED_FILE = fileURLToPath(new URL('../sdk/src/generated.ts', import.meta.url));

interface Schema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly const?: unknown;
  readonly description?: string;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
}

interface TypeField {
  readonly key: string;
  readonly type: string;
  readonly required: boolean;
  readonly options?: readonly { readonly value: string }[];
}

interface DestinationTypeRow {
  readonly type: string;
  readonly config_fields: readonly TypeField[];
  readonly credential_fields: readonly TypeField[];
}

/** What the file is made from. */
export interface TypeSources {
  readonly schemas: Readonly<Record<string, Schema>>;
  readonly types: readonly DestinationTypeRow[];
}

const HEADER = `/**
 * Made by \`node scripts/sdk-types.ts\` from the server's OpenAPI document and its list of destination types. Changes by
 * hand are lost.
 */
`;
/** Members that depend on the type, which destination.ts adds. */
const BY_TYPE = new Set(['type', 'config', 'credentials']);
const OBJECTS = [
  { schema: 'Destination', name: 'DestinationMembers', comment: 'Of every destination in an answer.' },
  { schema: 'DestinationCreate', name: 'CreateMembers', comment: 'Of every destination to be created.' },
  { schema: 'DestinationPatch', name: 'UpdateMembers', comment: 'Of every change; what is left out stays.' },
  {
    schema: 'DestinationRedirect',
    name: 'OAuthRedirect',
    comment: 'Instead of the changed destination, for a type that authorises by OAuth. No type of today answers it.',
  },
];

/** Asks a server of this checkout. */
export async function readTypeSources(): Promise<TypeSources> {
  const server = await composedServer({ profile: 'memory' });
  try {
    const document = await server.expect(200, 'GET', '/openapi.json');
    const types = await server.expect(200, 'GET', '/destination-types');
    return {
      schemas: document.json<{ components: { schemas: Record<string, Schema> } }>().components.schemas,
      types: types.json<readonly DestinationTypeRow[]>(),
    };
  } finally {
    await server.stop();
  }
}

/** The file's text. */
export function generatedSource({ schemas, types }: TypeSources): Promise<string> {
  const objects = OBJECTS.map(({ schema, name, comment }) => {
    const declared = schemas[schema];
    if (declared === undefined) throw new Error(`the OpenAPI document has no schema ${schema}`);
    return `/** ${comment} */\nexport interface ${name} {\n${members(declared)}\n}\n`;
  });
  const settings = types.flatMap(({ type, config_fields: config, credential_fields: credentials }) => [
    ...settingsOf(type, 'Config', config),
    ...settingsOf(type, 'Credentials', credentials),
  ]);
  const text = [HEADER, ...objects, ...settings, tables(schemas)].join('\n');
  return format(text, { parser: 'typescript', singleQuote: true, printWidth: 120, trailingComma: 'all' });
}

function members({ properties = {}, required = [] }: Schema): string {
  return Object.entries(properties)
    .filter(([name]) => !BY_TYPE.has(name))
    .map(([name, schema]) => {
      const comment = schema.description === undefined ? '' : `/** ${schema.description} */\n`;
      return `${comment}readonly ${camelCase(name)}${required.includes(name) ? '' : '?'}: ${typeText(schema)};`;
    })
    .join('\n');
}

function typeText(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (typeof schema.type === 'object') {
    return schema.type.map((type) => typeText({ ...schema, type })).join(' | ');
  }
  switch (schema.type) {
    case 'string':
      return schema.format === 'date-time' ? 'Date' : 'string';
    case 'array':
      return `readonly ${typeText(schema.items ?? {})}[]`;
    case 'object': {
      const { additionalProperties: values } = schema;
      const value = typeof values === 'object' && values !== null ? typeText(values) : 'unknown';
      return `Readonly<Record<string, ${value}>>`;
    }
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    default:
      return 'unknown';
  }
}

/** Two interfaces: as answers show the settings, and as requests may give them. Nothing where the type has no field. */
function settingsOf(type: string, part: string, fields: readonly TypeField[]): readonly string[] {
  if (fields.length === 0) return [];
  const sorted = fields.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const name = pascalCase(type) + part;
  const list = (text: (field: TypeField) => string, isOptional: (field: TypeField) => boolean): string =>
    sorted.map((field) => `readonly ${field.key}${isOptional(field) ? '?' : ''}: ${text(field)};`).join('\n');
  const optional = ({ required }: TypeField): boolean => !required;
  return [
    `export interface ${name} {\n${list(answeredValue, optional)}\n}\n`,
    `export interface ${name}Input {\n${list(givenValue, optional)}\n}\n`,
  ];
}

function answeredValue(field: TypeField): string {
  if (field.type === 'checkbox') return `'true' | 'false'`;
  return field.options === undefined ? 'string' : field.options.map(({ value }) => JSON.stringify(value)).join(' | ');
}

function givenValue(field: TypeField): string {
  if (field.type === 'checkbox') return `boolean | 'true' | 'false'`;
  if (field.type === 'key_value_map') return 'string | Readonly<Record<string, string>>';
  return answeredValue(field);
}

/** The wire's names of members whose names or values differ in the client, for the code that translates. */
function tables(schemas: TypeSources['schemas']): string {
  const properties = OBJECTS.flatMap(({ schema }) => Object.entries(schemas[schema]?.properties ?? {}));
  const renamed = [...new Set(properties.map(([name]) => name).filter((name) => name.includes('_')))].sort();
  const answered = Object.entries(schemas['Destination']?.properties ?? {});
  const times = answered.filter(([, schema]) => typeText(schema).split(' | ').includes('Date')).map(([name]) => name);
  return [
    '/** Members of the wire, each with its name in the client. */',
    `export const CLIENT_NAMES: Readonly<Record<string, string>> = {${renamed.map((name) => `${name}: '${camelCase(name)}'`).join(', ')}};\n`,
    '/** Members of the wire that are times. */',
    `export const TIMES: ReadonlySet<string> = new Set(${JSON.stringify(times)});`,
  ].join('\n');
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function pascalCase(name: string): string {
  return camelCase(`_${name}`);
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const text = await generatedSource(await readTypeSources());
  if (!process.argv.includes('--check')) writeFileSync(GENERATED_FILE, text);
  else if (readFileSync(GENERATED_FILE, 'utf8') !== text) {
    console.log('sdk/src/generated.ts is not what the server says: run `node scripts/sdk-types.ts`');
    process.exitCode = 1;
  }
}
