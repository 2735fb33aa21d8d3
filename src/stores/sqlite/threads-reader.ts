/** The connections that only read: one that SQLite opens so, and one that may checkpoint and nothing else. */
import { DatabaseSync } from 'node:sqlite';

/** A checkpoint that ends the log may hold a reader up for a moment. */
const BUSY_TIMEOUT_MS = 5_000;
const CACHE_KIB = 16 * 1_024;

export function openReader(databasePath: string, may: 'read' | 'checkpoint'): DatabaseSync {
  const db = new DatabaseSync(databasePath, {
    readOnly: may === 'read',
    timeout: BUSY_TIMEOUT_MS,
    enableForeignKeyConstraints: false,
  });
  db.exec(`
    pragma query_only = on;
    pragma wal_autocheckpoint = 0;
    pragma synchronous = full;
    pragma cache_size = -${CACHE_KIB};
    pragma temp_store = memory;
    pragma trusted_schema = off;
  `);
  return db;
}
