/**
 * Asks Hookdeck whether a token is good, and how its source is called. Through the same client as deliveries, so that
 * the address guard, the time limit and the cap on the answer hold here too.
 */
import { checkText } from '../../domain/id-rules.ts';
import type { HttpClient } from '../../ports/http-client.ts';

/** A name that is longer is cut. */
const NAME_MAX_CHARACTERS = 255;

export interface Source {
  readonly id: string;
  readonly token: string;
}

/** The source's name; null if Hookdeck doesn't know the token or could not be asked. */
export async function verifiedName(
  { id, token }: Source,
  options: { readonly apiUrl: string; readonly http: HttpClient },
): Promise<string | null> {
  const result = await options.http.send({
    method: 'GET',
    url: `${options.apiUrl}/sources/${id}/managed/verify`,
    headers: [['X-Hookdeck-Source-Token', token]],
    body: new Uint8Array(),
    // A request of the API has no end but its own; the client's time limit ends this one.
    signal: new AbortController().signal,
  });
  if (!result.ok || result.status !== 200 || result.tooLong) return null;
  return nameIn(Buffer.from(result.body).toString('utf8'));
}

function nameIn(text: string): string | null {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof answer !== 'object' || answer === null || !('name' in answer)) return null;
  const { name } = answer;
  if (typeof name !== 'string' || name === '' || checkText(name) !== null) return null;
  return [...name].slice(0, NAME_MAX_CHARACTERS).join('');
}
