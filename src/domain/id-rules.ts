/**
 * What an id or a text given by a caller may be. Whatever is accepted can be addressed in a path again, and is stored
 * alike by every driver; so what can't be is refused when it is created and not found out later.
 */

/** Longest id in UTF-8 bytes: percent-encoded it still fits every proxy's limit on paths. */
export const ID_MAX_BYTES = 255;

/** Control characters: no client can be relied on to send them in a path. */
const CONTROL = /\p{Cc}/u;

/**
 * Answers why a text can't be the id of a tenant, destination or event, as the end of a sentence that begins with the
 * field's name; null if it can. Upper and lower case, and the normal forms of Unicode, are different ids.
 */
export function checkId(text: string): string | null {
  if (text === '') return 'must not be empty';
  if (!text.isWellFormed()) return 'must be well-formed Unicode';
  if (Buffer.byteLength(text) > ID_MAX_BYTES) return `must be at most ${ID_MAX_BYTES} bytes`;
  if (CONTROL.test(text)) return 'must not contain control characters';
  if (text.includes('/')) return 'must not contain a slash';
  // URL parsers resolve these away, encoded or not.
  if (text === '.' || text === '..') return 'must not be a dot segment';
  return null;
}

/** Answers why a text can't be kept in metadata or settings, worded like `checkId`; null if it can. */
export function checkText(text: string): string | null {
  if (text.includes('\0')) return 'must not contain U+0000';
  if (!text.isWellFormed()) return 'must be well-formed Unicode';
  return null;
}
