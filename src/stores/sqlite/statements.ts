/**
 * Prepared statements with the type of their rows. The one place where rows of `node:sqlite` are cast: what a statement
 * answers is decided by the SQL beside the type.
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

export interface Query<Row> {
  get(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): Row[];
}

export interface Command {
  run(...values: SQLInputValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
}

/** Prepares for as long as the caller keeps it: what the engine runs for every event. */
export function query<Row>(db: DatabaseSync, sql: string): Query<Row> {
  return db.prepare(sql) as unknown as Query<Row>;
}

export function command(db: DatabaseSync, sql: string): Command {
  return db.prepare(sql);
}

const kept = new WeakMap<DatabaseSync, Map<string, Query<unknown>>>();

/** Prepares once per connection and text. `sql` comes from the source, never from input, so the map has an end. */
export function keptQuery<Row>(db: DatabaseSync, sql: string): Query<Row> {
  let statements = kept.get(db);
  if (statements === undefined) kept.set(db, (statements = new Map()));
  let statement = statements.get(sql);
  if (statement === undefined) statements.set(sql, (statement = query(db, sql)));
  return statement as Query<Row>;
}
