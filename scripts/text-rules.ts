/** Rules on texts that no linter has: one sentence per line that breaks one. */

interface TextRule {
  readonly pattern: RegExp;
  readonly message: string;
}

// The patterns are written so that they don't match their own source.
const RULES: readonly TextRule[] = [
  {
    pattern: /\b(TO[D]O|FIX[M]E|X[X]X)\b(?!\(#\d+\))/,
    message: 'an open end needs an issue: (#123) right behind the word',
  },
  { pattern: /^(<{7}|>{7}|={7})(\s|$)/, message: 'a conflict marker' },
  {
    pattern: /\.\.\/shar[e]d(?![\w.-])/,
    message: 'a path outside of the repository: cite it by name, such as `spec api-v1.md §5`',
  },
  { pattern: /(?<![\w.])\/(wo[r]k|ho[m]e|Us[e]rs)\/\w/, message: 'a path of one machine' },
];

/** @returns sentences with file and line; empty when nothing is wrong */
export function checkText(file: string, text: string): readonly string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      RULES.filter((rule) => rule.pattern.test(line)).map((rule) => `${file}:${index + 1}: ${rule.message}`),
    );
}
