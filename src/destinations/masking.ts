/** What replies show of sensitive settings (spec api-v1.md §8.5). Display only: nothing that is stored is changed. */
import type { Field, OpenSettings, Provider } from '../ports/provider.ts';
import type { StringMap } from '../domain/json.ts';

/** Shorter values are masked whole. */
const SHOWN_FROM_BYTES = 10;
const SHOWN_BYTES = 4;

/** Keeps the characters that lie wholly within the first 4 bytes of a long value; a star for each other byte. */
export function maskText(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes < SHOWN_FROM_BYTES) return '*'.repeat(bytes);
  let shown = '';
  for (const character of text) {
    if (Buffer.byteLength(shown + character) > SHOWN_BYTES) break;
    shown += character;
  }
  return shown + '*'.repeat(bytes - Buffer.byteLength(shown));
}

/** The settings as a reply shows them: by the provider's own rule if it has one, else sensitive fields masked. */
export function maskSettings(provider: Provider, settings: OpenSettings, nowMs: number): OpenSettings {
  if (provider.mask !== undefined) return provider.mask(settings, nowMs);
  return {
    ...settings,
    config: maskFields(provider.fields.config, settings.config),
    credentials: maskFields(provider.fields.credentials, settings.credentials),
  };
}

function maskFields(fields: readonly Field[], values: StringMap): StringMap {
  const sensitive = new Set(fields.filter((field) => field.sensitive === true).map((field) => field.key));
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, sensitive.has(key) ? maskText(value) : value]),
  );
}
