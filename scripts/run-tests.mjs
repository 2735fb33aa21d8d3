/**
 * Runs the tests: `node scripts/run-tests.mjs [layer or file …]`. Its last line is `N passed, N failed, N skipped`.
 *
 * Each file is a run of its own, two at a time, because the runner's own timeout does not end a file that hangs after
 * its last test. With CI=true a skipped test fails the run.
 */
import { run } from 'node:test';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRecent } from './ensure-installed.mjs';

// With npm's `ignore-scripts` neither `pretest` has run nor the pinned node been fetched, and an old one can't load what
// follows.
if (!isRecent(process.version)) {
  process.stderr.write(
    `Node ${process.version} is too old for the tests. Run \`npm ci --include=dev --ignore-scripts=false\`, which brings its own.\n`,
  );
  process.exit(1);
}
const { reportFailures, summaryLine, tally } = await import('../test/support/reporter.ts');
const { checkTestFiles, listTestFiles, UsageError } = await import('./test-files.ts');

const CONCURRENCY = 2;
/** Longer than any file needs, so that only a hang meets it. */
const FILE_TIMEOUT_MS = process.env.CI === 'true' ? 15 * 60_000 : 5 * 60_000;
/** The exit code of a process that a signal ended is 128 and the signal's number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

const root = resolve(process.env.TEST_ROOT ?? join(fileURLToPath(import.meta.url), '..', '..'));
process.exitCode = await main(process.argv.slice(2));

async function main(selection) {
  let files;
  try {
    files = listTestFiles(root, selection);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  const problems = checkTestFiles(root, files);
  if (problems.length > 0) {
    process.stderr.write(`Tests are not run, because of how they are written:\n${problems.join('\n')}\n`);
    return 1;
  }
  const startedAt = performance.now();
  const counts = tally();
  const ended = await runFiles(files, counts);
  const verdict = ended ?? judge(counts);
  process.stdout.write(`${files.length} files in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s\n`);
  process.stdout.write(summaryLine(counts));
  return verdict;
}

function judge(counts) {
  if (counts.passed + counts.failed + counts.skipped === 0) {
    process.stdout.write('No test ran.\n');
    return 1;
  }
  if (counts.failed > 0) return 1;
  if (counts.skipped > 0 && process.env.CI === 'true') {
    process.stdout.write('With CI=true nothing may be skipped.\n');
    return 1;
  }
  return 0;
}

/** Answers null, or the exit code when a signal ended the run. */
async function runFiles(files, counts) {
  const stopping = new AbortController();
  let ended = null;
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      ended ??= code;
      stopping.abort();
    });
  }
  const queue = [...files];
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (let file = queue.shift(); file !== undefined && ended === null; file = queue.shift()) {
        await runFile(file, counts, stopping.signal);
      }
    }),
  );
  return ended;
}

async function runFile(file, counts, stopping) {
  const startedAt = performance.now();
  const timeout = AbortSignal.timeout(FILE_TIMEOUT_MS);
  const own = tally();
  const texts = [];
  const events = run({
    files: [join(root, file)],
    cwd: root,
    concurrency: 1,
    signal: AbortSignal.any([stopping, timeout]),
  });
  for await (const text of reportFailures(events, own)) texts.push(text);
  if (stopping.aborted) return;
  if (timeout.aborted) texts.push(`${file} did not end within ${FILE_TIMEOUT_MS / 1_000} s and was stopped\n`);
  for (const key of Object.keys(counts)) counts[key] += own[key];
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  // One write per file, so that two files' texts don't mix.
  process.stdout.write(`${seconds.padStart(6)} s  ${file}  ${summaryLine(own)}${texts.join('')}`);
}
