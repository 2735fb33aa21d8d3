/** Opens the embedded store's files: directory, lock, database, settings, migrations. */
import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../lib/errors.ts';
import { makePrivateFile, prepareDataDirectory } from './data-directory.ts';
import { takeLock } from './lock.ts';
import { checkSecret } from './meta.ts';
import { checkVersion, migrate } from './migrate.ts';
import { CORRUPT, FULL, NOT_A_DATABASE, sqliteCode } from './sqlite-error.ts';

/** A reader that recovers or ends the log may hold the writer up for a moment. */
const BUSY_TIMEOUT_MS = 5_000;
/** More brought nothing (measured with 2 to 256 MiB on five million events). */
const CACHE_KIB = 32 * 1_024;
const LOG_BYTES_KEPT = 64 * 1_024 * 1_024;

export interface OpenDatabase {
  readonly db: DatabaseSync;
  readonly databasePath: string;
  readonly warnings: readonly string[];
  close(): void;
}

/** @throws StartError for whatever the operator has to change; then no file was made or changed */
export function openDatabase(dataDir: string, secretCheck: Uint8Array): OpenDatabase {
  const { databasePath, lockPath, warnings } = prepareDataDirectory(dataDir);
  const made: string[] = [];
  let unlock: (() => void) | null = null;
  let db: DatabaseSync | null = null;
  try {
    if (makePrivateFile(lockPath)) made.push(lockPath);
    unlock = takeLock(lockPath);
    if (makePrivateFile(databasePath)) made.push(databasePath, `${databasePath}-wal`, `${databasePath}-shm`);
    db = new DatabaseSync(databasePath, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: false });
    const version = checkVersion(db, databasePath);
    if (version > 0) checkSecret(db, secretCheck);
    configure(db);
    migrate(db, version);
  } catch (error) {
    db?.close();
    // Without the lock the files may already be another process's.
    if (unlock !== null) for (const path of made) rmSync(path, { force: true });
    unlock?.();
    throw explained(error, databasePath);
  }
  const opened = { db, unlock };
  return {
    db,
    databasePath,
    warnings,
    close() {
      if (opened.db.isOpen) opened.db.close();
      opened.unlock();
    },
  };
}

function configure(db: DatabaseSync): void {
  db.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma wal_autocheckpoint = 0;
    pragma journal_size_limit = ${LOG_BYTES_KEPT};
    pragma cache_size = -${CACHE_KIB};
    pragma temp_store = memory;
    pragma trusted_schema = off;
    pragma cell_size_check = on;
  `);
}

function explained(error: unknown, path: string): unknown {
  switch (sqliteCode(error)) {
    case FULL:
      return new StartError(`the disk of ${path} is full; make room`, { cause: error });
    case CORRUPT:
    case NOT_A_DATABASE:
      return new StartError(`${path} is not a whole database; put a backup in its place`, { cause: error });
    default:
      return error;
  }
}
