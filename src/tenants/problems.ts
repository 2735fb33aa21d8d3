/** Broken rules as the sentences that clients know (spec api-v1.md §2.4). */
import { checkText } from '../domain/id-rules.ts';
import type { StringMap } from '../domain/json.ts';
import { AppError } from '../lib/errors.ts';
import type { Problem } from '../ports/provider.ts';

/** Field paths are in lower case, names of headers inside them too. */
export function sentence({ field, rule }: Problem): string {
  const path = field.toLowerCase();
  if (rule === 'required' || rule === 'forbidden') return `${path} is ${rule}`;
  return `${path} failed ${rule} validation`;
}

/** @param sentences at least one */
export function validationError(sentences: readonly string[]): AppError {
  return new AppError('invalid_request', 'validation error', { data: sentences });
}

/** @throws AppError `invalid_request` if there is a problem */
export function refuseProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new AppError('invalid_request', 'validation error', {
    data: problems.map(sentence),
    fields: Object.fromEntries(problems.map(({ field, rule }) => [field, rule])),
  });
}

/** Sentences about keys and values that no store keeps alike (field case 21). */
export function unstorableTexts(name: string, values: StringMap | null): readonly string[] {
  return Object.entries(values ?? {}).flatMap(([key, value]) => {
    const keyFault = checkText(key);
    // A key at fault is not shown: it would be at fault in the answer too.
    if (keyFault !== null) return [`a key of ${name} ${keyFault}`];
    const fault = checkText(value);
    return fault === null ? [] : [`${name}.${key.toLowerCase()} ${fault}`];
  });
}
