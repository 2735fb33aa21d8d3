/** JSON as values, for the few places that look into what a tenant wrote (filters, settings). */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}
/** Flat settings and metadata: `config`, `metadata`, `delivery_metadata`. */
export type StringMap = Readonly<Record<string, string>>;
