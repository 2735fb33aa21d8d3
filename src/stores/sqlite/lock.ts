/**
 * The store's lock: an exclusive transaction on a small database beside it, held for the life of the process. The
 * kernel frees it on SIGKILL, so a new process that gets it knows that the old one is dead.
 */
import { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../lib/errors.ts';
import { BUSY, sqliteCode } from './sqlite-error.ts';

/** @returns what frees it, safe to call twice. @throws StartError when another process holds it */
export function takeLock(path: string): () => void {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    // No log on this one: its lock must be on the file itself.
    db.exec('pragma journal_mode = delete; begin exclusive');
  } catch (error) {
    db.close();
    if (sqliteCode(error) !== BUSY) throw error;
    throw new StartError(
      `another process has this store open (lock ${path}); stop it first, or give this one another DATA_DIR`,
      { cause: error },
    );
  }
  return () => {
    if (db.isOpen) db.close();
  };
}
