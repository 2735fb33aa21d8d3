/** Reads the command line. What is not understood is refused with what would be, before anything is started. */
import { parseArgs } from 'node:util';

export type Command =
  | { readonly name: 'serve' | 'help' | 'version' }
  | { readonly name: 'config'; readonly what: 'print' | 'docs' }
  | { readonly name: 'dev'; readonly port: number | null };

/** The command line makes no sense; the message says why. Exit code 2. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): Command {
  const { positionals, values } = parse(args);
  const [name = values.version === true ? 'version' : 'help', ...rest] = positionals;
  if (values.help === true || name === 'help') return { name: 'help' };
  if (values.version === true || name === 'version') return { name: 'version' };
  if (name !== 'dev' && values.port !== undefined) throw new UsageError(`${name} has no option --port`);
  switch (name) {
    case 'serve':
      refuseMore(name, rest);
      return { name };
    case 'dev':
      refuseMore(name, rest);
      return { name, port: values.port === undefined ? null : parsePort(values.port) };
    case 'config': {
      const [what = 'print', ...more] = rest;
      refuseMore(`${name} ${what}`, more);
      if (what !== 'print' && what !== 'docs') throw new UsageError(`config takes print or docs, not ${what}`);
      return { name, what };
    }
    default:
      throw new UsageError(`there is no command ${name}`);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function refuseMore(name: string, rest: readonly string[]): void {
  if (rest.length > 0) throw new UsageError(`${name} takes no argument ${rest[0]}`);
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new UsageError(`--port takes a port from 0 to 65535, not ${text}`);
  return port;
}
