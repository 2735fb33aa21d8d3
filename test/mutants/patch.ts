/**
 * Mutants as files: `key: value` lines, then a unified diff.
 *
 * A hunk is found by its text and not by its line numbers, so that a patch outlives changes around it; where its
 * context has changed, less of it is looked for. The text must be found exactly once: a mutation in another place than
 * the one that was meant would prove nothing. (`git apply` is no help here, since a machine that runs the tests need
 * have no git.)
 */

export interface Mutant {
  readonly name: string;
  /** What the assertion that catches it must say. */
  readonly promise: string;
  /** Arguments for node, from the root of the tree. */
  readonly command: readonly string[];
  readonly files: readonly FilePatch[];
}

export interface FilePatch {
  /** Relative to the root. */
  readonly path: string;
  readonly hunks: readonly Hunk[];
}

export interface Hunk {
  /** Lines of context around the change, then what is removed and added between them. */
  readonly before: readonly string[];
  readonly removed: readonly string[];
  readonly added: readonly string[];
  readonly after: readonly string[];
}

/** A patch file that can't be read, or that does not fit the tree. */
export class PatchError extends Error {}

/** @param name the file's name without `.patch` */
export function parseMutant(name: string, text: string): Mutant {
  const lines = text.trimEnd().split('\n');
  const start = lines.findIndex((line) => line.startsWith('--- '));
  if (start < 0) throw new PatchError(`${name} has no diff`);
  const header = new Map(
    lines.slice(0, start).flatMap((line) => {
      const found = /^([a-z]+): (.+)$/.exec(line);
      return found === null ? [] : [[found[1]!, found[2]!.trim()] as const];
    }),
  );
  const promise = header.get('promise');
  const command = header.get('command');
  if (promise === undefined || command === undefined) throw new PatchError(`${name} lacks its promise or its command`);
  return { name, promise, command: words(command), files: parseFiles(name, lines.slice(start)) };
}

/** Splits at white space; what stands in double quotes stays together. */
function words(text: string): readonly string[] {
  return [...text.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ''));
}

function parseFiles(name: string, lines: readonly string[]): readonly FilePatch[] {
  const files: { path: string; bodies: string[][] }[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]!;
    const file = files.at(-1);
    // Two lines tell a file from a removed line that begins with dashes.
    if (line.startsWith('--- ') && lines[at + 1]?.startsWith('+++ ') === true) {
      at += 1;
      files.push({ path: lines[at]!.slice(4).replace(/^b\//, '').trim(), bodies: [] });
    } else if (line.startsWith('@@ ')) {
      if (file === undefined) throw new PatchError(`${name} has a hunk without a file`);
      file.bodies.push([]);
    } else {
      // An editor may have taken the space off an empty line of context.
      file?.bodies.at(-1)?.push(line === '' ? ' ' : line);
    }
  }
  return files.map(({ path, bodies }) => ({ path, hunks: bodies.map((body) => parseHunk(name, body)) }));
}

/** One run of changed lines between its context; two changes apart are two hunks. */
function parseHunk(name: string, body: readonly string[]): Hunk {
  const first = body.findIndex((line) => !line.startsWith(' '));
  const last = body.findLastIndex((line) => !line.startsWith(' '));
  if (first < 0) throw new PatchError(`${name} has a hunk that changes nothing`);
  const changed = body.slice(first, last + 1);
  const side = (other: string): string[] =>
    changed.filter((line) => !line.startsWith(other)).map((line) => line.slice(1));
  return {
    before: body.slice(0, first).map((line) => line.slice(1)),
    removed: side('+'),
    added: side('-'),
    after: body.slice(last + 1).map((line) => line.slice(1)),
  };
}

/** @throws PatchError if a hunk's place is not found, or is not the only one */
export function applyHunks(source: string, { path, hunks }: FilePatch): string {
  return hunks.reduce((text, hunk) => applyHunk(path, text, hunk), source);
}

function applyHunk(path: string, source: string, { before, removed, added, after }: Hunk): string {
  for (let context = Math.max(before.length, after.length); context >= 0; context -= 1) {
    const above = before.slice(Math.max(0, before.length - context));
    const below = after.slice(0, context);
    const wanted = block([...above, ...removed, ...below]);
    if (wanted === '') break;
    // With a line break before it, so that a block begins where a line does.
    const whole = `\n${source}`;
    const at = whole.indexOf(`\n${wanted}`);
    if (at < 0) continue;
    if (whole.indexOf(`\n${wanted}`, at + 1) >= 0) throw new PatchError(`a hunk fits more than one place of ${path}`);
    return source.slice(0, at) + block([...above, ...added, ...below]) + source.slice(at + wanted.length);
  }
  throw new PatchError(`a hunk does not fit ${path} any more`);
}

const block = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
