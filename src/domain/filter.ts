import type { EventPayload } from './event.ts';
export type FilterRoot = unknown;
export function compileFilter(_text: string): (root: FilterRoot) => boolean { return () => true; }
export function filterRoot(_event: EventPayload): FilterRoot { return null; }
