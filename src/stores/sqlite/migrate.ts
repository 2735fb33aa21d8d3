/**
 * Brings the database to the newest version: numbered files, forward only, one transaction each, under the lock.
 * The version is `pragma user_version`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../lib/errors.ts';
import { query } from './statements.ts';

const FOLDER = new URL('./migrations/', import.meta.url);
const NAME = /^(\d{4})-[a-z0-9-]+\.sql$/;

interface Migration {
  readonly version: number;
  readonly sql: string;
}

/** Answers the version of the database; 0 for an empty one. @throws StartError for one that isn't ours or is newer */
export function checkVersion(db: DatabaseSync, path: string): number {
  const version = query<{ user_version: number }>(db, 'pragma user_version').get()?.user_version ?? 0;
  const newest = migrations().at(-1)?.version ?? 0;
  if (version > newest) {
    throw new StartError(
      `${path} has version ${version} and this program knows up to ${newest}; start the newer program that wrote it`,
    );
  }
  const table = query<{ name: string }>(db, "select name from sqlite_schema where type = 'table' limit 1").get();
  if (version === 0 && table !== undefined) {
    throw new StartError(`${path} is a database of another program; choose another DATA_DIR`);
  }
  return version;
}

export function migrate(db: DatabaseSync, from: number): void {
  for (const { version, sql } of migrations()) {
    if (version <= from) continue;
    db.exec('begin immediate');
    try {
      db.exec(sql);
      db.exec(`pragma user_version = ${version}`);
      db.exec('commit');
    } catch (error) {
      if (db.isTransaction) db.exec('rollback');
      throw error;
    }
  }
}

function migrations(): readonly Migration[] {
  return readdirSync(FOLDER)
    .flatMap((name) => {
      const number = NAME.exec(name)?.[1];
      return number === undefined
        ? []
        : [{ version: Number(number), sql: readFileSync(new URL(name, FOLDER), 'utf8') }];
    })
    .sort((a, b) => a.version - b.version);
}
