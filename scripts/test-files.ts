/**
 * Which test files a run has, and what is refused before any of them runs.
 *
 * The list is explicit because `node --test` without one also runs every helper below a folder called `test` and counts
 * each as a pass, and given a folder it runs nothing and exits with 0.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import ts from 'typescript';

const PATTERNS = ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'];

export class UsageError extends Error {}

/**
 * The test files of a run, sorted, relative to the root.
 * @param selection layers and files; empty for all
 */
export function listTestFiles(root: string, selection: readonly string[]): readonly string[] {
  const all = globSync(PATTERNS, { cwd: root })
    .map((file) => file.replaceAll(sep, '/'))
    .sort();
  if (selection.length === 0) return all;
  const layers = new Set(all.map(layerOf));
  const chosen = new Set<string>();
  for (const name of selection) {
    const found = layers.has(name) ? all.filter((file) => layerOf(file) === name) : findFile(root, all, name);
    if (found.length === 0) {
      throw new UsageError(`There is no test layer or test file "${name}". Layers: ${[...layers].sort().join(', ')}.`);
    }
    for (const file of found) chosen.add(file);
  }
  return [...chosen].sort();
}

/** The drivers' own tests are the conformance suites; elsewhere beside the code are unit tests. */
export function layerOf(file: string): string {
  if (file.startsWith('src/stores/')) return 'conformance';
  const [top, folder, rest] = file.split('/');
  return top === 'test' && rest !== undefined && folder !== undefined && folder !== 'support' ? folder : 'unit';
}

function findFile(root: string, all: readonly string[], name: string): readonly string[] {
  const file = relative(root, resolve(root, name)).replaceAll(sep, '/');
  return existsSync(join(root, file)) ? all.filter((known) => known === file || known.startsWith(`${file}/`)) : [];
}

/** What is wrong with the files as they are written: sentences, empty if nothing is. */
export function checkTestFiles(root: string, files: readonly string[]): readonly string[] {
  return files.flatMap((file) => checkTestSource(file, readFileSync(join(root, file), 'utf8')));
}

/** Duplicate names under one `describe`, `.only` and `.todo`; names that are computed are left to the eye. */
export function checkTestSource(file: string, source: string): readonly string[] {
  const problems: string[] = [];
  const seen = new Map<string, number>();
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, false);
  const lineOf = (node: ts.Node): number => tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;

  const visit = (node: ts.Node, path: readonly string[]): void => {
    let inner = path;
    const call = ts.isCallExpression(node) ? testCall(node) : null;
    if (call !== null) {
      const line = lineOf(node);
      if (call.marks.has('only')) problems.push(`${file}:${line} uses \`only\`, which hides every other test`);
      if (call.marks.has('todo')) problems.push(`${file}:${line} uses \`todo\`: a promise is tested or it is not made`);
      if (call.name !== null) {
        inner = [...path, call.name];
        const title = inner.join(' › ');
        const first = seen.get(title);
        if (first !== undefined) problems.push(`${file}:${line} repeats the name of line ${first}: ${title}`);
        else seen.set(title, line);
      }
    }
    ts.forEachChild(node, (child) => visit(child, inner));
  };
  visit(tree, []);
  return problems;
}

const TEST_CALLS = new Set(['it', 'test', 'describe', 'suite']);

function testCall(node: ts.CallExpression): { name: string | null; marks: ReadonlySet<string> } | null {
  const marks = new Set<string>();
  let callee: ts.Expression = node.expression;
  if (ts.isPropertyAccessExpression(callee)) {
    marks.add(callee.name.text);
    callee = callee.expression;
  }
  if (!ts.isIdentifier(callee) || !TEST_CALLS.has(callee.text)) return null;
  for (const argument of node.arguments) {
    if (!ts.isObjectLiteralExpression(argument)) continue;
    for (const property of argument.properties) {
      if (property.name !== undefined && ts.isIdentifier(property.name)) marks.add(property.name.text);
    }
  }
  const [first] = node.arguments;
  return { name: first !== undefined && ts.isStringLiteralLike(first) ? first.text : null, marks };
}
