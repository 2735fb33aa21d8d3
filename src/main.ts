#!/usr/bin/env node
/**
 * The process entry: which command. Each command is loaded when it is asked for, so that `help` starts nothing.
 *
 * Exit codes: 0 when all went well; 1 when the operator has to change something, or after a bug; 2 for a command line
 * that makes no sense.
 */
import { type Command, parseCommandLine, UsageError } from './cli/command-line.ts';
import { USAGE } from './cli/usage.ts';
import { StartError } from './lib/errors.ts';
import { VERSION } from './version.ts';

// Not left to the end of the event loop: whatever a library may have left open must not keep a stopped server alive.
process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  try {
    return await run(parseCommandLine(args));
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`outpost: ${error.message}\n\n${USAGE}`);
      return 2;
    }
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`outpost: ${error.message}\n`);
    return 1;
  }
}

async function run(command: Command): Promise<number> {
  switch (command.name) {
    case 'help':
      process.stdout.write(USAGE);
      return 0;
    case 'version':
      process.stdout.write(`${VERSION}\n`);
      return 0;
    case 'config': {
      const { showConfig } = await import('./cli/show-config.ts');
      process.stdout.write(showConfig(command.what, process.env));
      return 0;
    }
    case 'serve': {
      const { serve } = await import('./cli/serve.ts');
      return serve(process.env);
    }
    case 'dev': {
      const { dev } = await import('./cli/dev.ts');
      return dev(command.port, process.env);
    }
    default: {
      const never: never = command;
      throw new Error(`unknown command ${String(never)}`);
    }
  }
}
