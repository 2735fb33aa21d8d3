/**
 * The test reporter: every failure in full, with what its file printed, then exactly `N passed, N failed, N skipped`.
 *
 * Suites are not counted, with two exceptions that would otherwise go unseen: a skipped suite is one skip, since the
 * runner doesn't report the tests inside, and a suite whose own hook failed is one failure. A file that ran no test is
 * a failure too: it promises something that nobody checked.
 */
import { inspect } from 'node:util';
import type { TestEvent } from 'node:test/reporters';

/** How much of a file's output is kept for the case that it fails. */
const OUTPUT_CHARS_MAX = 64 * 1024;

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

export const tally = (): Tally => ({ passed: 0, failed: 0, skipped: 0 });

export const summaryLine = (counts: Tally): string =>
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;

/** For `node --test --test-reporter=./test/support/reporter.ts`. */
export default async function* reporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts = tally();
  yield* reportFailures(events, counts);
  yield summaryLine(counts);
}

/** Yields the failures and skips of a run as texts, and adds all of its results to `counts`. */
export async function* reportFailures(events: AsyncIterable<TestEvent>, counts: Tally): AsyncGenerator<string> {
  const output = new Map<string, string>();
  /** The names of the suites around the current test, outermost first, by file. */
  const suites = new Map<string, string[]>();
  for await (const event of events) {
    if (event.type === 'test:stdout' || event.type === 'test:stderr') {
      const text = (output.get(event.data.file ?? '') ?? '') + event.data.message;
      output.set(event.data.file ?? '', text.slice(-OUTPUT_CHARS_MAX));
    } else if (event.type === 'test:start') {
      const path = suites.get(event.data.file ?? '') ?? [];
      path.length = event.data.nesting;
      path.push(event.data.name);
      suites.set(event.data.file ?? '', path);
    } else if (event.type === 'test:pass' || event.type === 'test:fail') {
      const { file = '', nesting, name } = event.data;
      const result = judge(event);
      if (result === null) continue;
      counts[result] += 1;
      if (result === 'passed') continue;
      const title = [...(suites.get(file) ?? []).slice(0, nesting), name].join(' › ');
      yield result === 'skipped' ? `skipped: ${title}${reasonOf(event)}\n` : describeFailure(event, title);
      const printed = output.get(file) ?? '';
      if (result === 'failed' && printed !== '') yield `printed by ${file}:\n${printed.trimEnd()}\n`;
      // Shown once per file, however many of its tests fail.
      if (result === 'failed') output.delete(file);
    }
  }
}

type Result = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>;

/** Null for what is counted elsewhere. */
function judge(event: Result): keyof Tally | null {
  const { skip, todo, details, name, file } = event.data;
  const isSuite = details.type === 'suite';
  if (isSkipped(skip) || isSkipped(todo)) return 'skipped';
  if (event.type === 'test:fail') {
    return isSuite && failureTypeOf(event) === 'subtestsFailed' ? null : 'failed';
  }
  if (isSuite) return null;
  // The runner reports a file in which no test ran as one passed test with the file's path for a name.
  return name === file ? 'failed' : 'passed';
}

const isSkipped = (mark: string | boolean | undefined): boolean => mark !== undefined && mark !== false;

function reasonOf(event: Result): string {
  const { skip, todo } = event.data;
  const reason = typeof skip === 'string' ? skip : typeof todo === 'string' ? todo : '';
  return reason === '' ? '' : ` (${reason})`;
}

function failureTypeOf(event: Result): unknown {
  const error: unknown = 'error' in event.data.details ? event.data.details.error : null;
  return error instanceof Error && 'failureType' in error ? error.failureType : null;
}

function describeFailure(event: Result, title: string): string {
  const { file, line } = event.data;
  const where = file === undefined ? '' : `  (${file}${line === undefined ? '' : `:${line}`})`;
  if (event.type === 'test:pass') return `failed: ${title}: no test ran in this file\n`;
  const { error } = event.data.details;
  // The runner wraps what the test threw; the wrapper's own stack says nothing.
  const cause = error.cause instanceof Error ? error.cause : error;
  return `failed: ${title}${where}\n${indent(inspect(cause, { depth: 8, maxStringLength: null }))}\n`;
}

const indent = (text: string): string => text.replaceAll(/^/gm, '    ');
