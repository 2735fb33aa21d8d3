/**
 * The log: JSON lines on standard output, RFC 3339 times, snake_case fields named like the API's, one wide line for each
 * finished unit of work.
 *
 * pino writes in this process and never through a worker: a line is handed to the kernel at once, or, while an earlier
 * write is under way, together with the next ones. `flush` writes what is left before the process ends.
 */
import pino from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LineLevel = Exclude<LogLevel, 'silent'>;

/** Every line names its `event`; errors go under `error`. Never a secret, never the data of an event. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string };

export interface Log {
  write(level: LineLevel, line: LogLine): void;
  /** False if lines of this level go nowhere, so that they need not be made. */
  takes(level: LineLevel): boolean;
  /** Writes everything that is still in memory. Safe to call at any time. */
  flush(): void;
}

/** Where lines go: text with its line end. */
export interface LineSink {
  write(text: string): void;
  flushSync?(): void;
}

export function logger(level: LogLevel, sink: LineSink = standardOutput()): Log {
  const lines = pino(
    {
      level,
      // Neither process id nor host name: whoever collects the log knows where it comes from.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
    },
    sink,
  );
  return {
    write: (lineLevel, line) => lines[lineLevel](line),
    takes: (lineLevel) => lines.isLevelEnabled(lineLevel),
    flush: () => sink.flushSync?.(),
  };
}

/** Lines are written in pieces of this size, or this often, so that a line needs no system call of its own. */
const PIECE_BYTES = 8_192;
const FLUSH_EVERY_MS = 200;

function standardOutput(): LineSink {
  const sink = pino.destination({ dest: 1, sync: false, minLength: PIECE_BYTES, periodicFlush: FLUSH_EVERY_MS });
  // A reader that went away ends the log, not the deliveries.
  sink.on('error', () => {});
  return {
    write: (text) => sink.write(text),
    flushSync() {
      try {
        sink.flushSync();
      } catch {
        // Not open yet, or closed by its reader: there is nowhere left to write to.
      }
    },
  };
}

/** Stack and causes of an error; anything else that was thrown as it is. */
function describeError(error: unknown): unknown {
  return error instanceof Error ? pino.stdSerializers.errWithCause(error) : error;
}
