/**
 * Checks settings against the fields that a provider declares (spec destinations.md §3): all problems, in the order of
 * declaration, config before credentials. Keys that are not declared are left alone, as clients expect.
 */
import type { StringMap } from '../domain/json.ts';
import type { Field, OpenSettings, Problem, Provider } from '../ports/provider.ts';

export type FieldCheck = (settings: OpenSettings) => readonly Problem[];

/** Compiles the patterns once. Throws if one isn't a regular expression. */
export function fieldCheck(fields: Provider['fields']): FieldCheck {
  const checks = [
    ...fields.config.map((field) => ({ map: 'config' as const, field, pattern: patternOf(field) })),
    ...fields.credentials.map((field) => ({ map: 'credentials' as const, field, pattern: patternOf(field) })),
  ];
  return (settings) =>
    checks.flatMap(({ map, field, pattern }) => {
      const rule = brokenRule(settings[map], field, pattern);
      return rule === null ? [] : [{ field: `${map}.${field.key}`, rule }];
    });
}

function patternOf(field: Field): RegExp | null {
  return field.pattern === undefined ? null : new RegExp(field.pattern, 'u');
}

function brokenRule(values: StringMap, field: Field, pattern: RegExp | null): string | null {
  const value = values[field.key] ?? '';
  // An empty value is an absent one.
  if (value === '') return field.required ? 'required' : null;
  return pattern === null || pattern.test(value) ? null : 'pattern';
}
