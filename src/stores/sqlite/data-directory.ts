/**
 * Looks at DATA_DIR before anything is opened in it, so that what the operator has to change is said in one sentence
 * and nothing half-made is left behind.
 */
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StartError } from '../../lib/errors.ts';

export interface DataDirectory {
  readonly databasePath: string;
  readonly lockPath: string;
  /** Sentences for the operator: it works, and may not be what is wanted. */
  readonly warnings: readonly string[];
}

/** Types of statfs(2), by linux/magic.h. On these, locks and shared memory don't hold what the write-ahead log needs. */
const REFUSED = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x01021997, '9p'],
  [0x5346414f, 'afs'],
  [0x00c36400, 'ceph'],
]);
const DOUBTFUL = new Map([
  [0x01021994, 'tmpfs, which is empty after a restart of the machine'],
  [0x858458f6, 'ramfs, which is empty after a restart of the machine'],
  [0x794c7630, 'overlay, which usually goes with its container; mount a volume to keep the data'],
  [0x65735546, 'fuse; make sure that it is on this machine and keeps file locks'],
]);

/** @throws StartError when DATA_DIR can't hold the store */
export function prepareDataDirectory(dataDir: string): DataDirectory {
  const path = resolve(dataDir);
  makeDirectory(path);
  requireAccess(path, 'DATA_DIR', constants.R_OK | constants.W_OK | constants.X_OK);
  const type = statfsSync(path).type;
  const refused = refusedFileSystem(type);
  if (refused !== null) {
    throw new StartError(
      `DATA_DIR ${path} is on ${refused}, where SQLite's log loses data; use a file system of this machine`,
    );
  }
  const databasePath = join(path, 'store.db');
  const lockPath = join(path, 'lock.db');
  requireDatabaseOfLog(databasePath);
  for (const file of [databasePath, `${databasePath}-wal`, `${databasePath}-shm`, lockPath]) {
    if (existsSync(file)) requireAccess(file, 'the file', constants.R_OK | constants.W_OK);
  }
  const doubt = DOUBTFUL.get(type);
  return { databasePath, lockPath, warnings: doubt === undefined ? [] : [`DATA_DIR ${path} is on ${doubt}.`] };
}

/** Answers the name of a file system that can't hold the store, or null. */
export function refusedFileSystem(type: number): string | null {
  // Some platforms answer the 32 bits signed.
  return REFUSED.get(type >>> 0) ?? null;
}

/**
 * Makes an empty file that only its owner reads; SQLite gives its side files the same mode. Never opens a file that is
 * there: closing it would free every POSIX lock that this process holds on it.
 * @returns whether it was made
 */
export function makePrivateFile(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw new StartError(`${path} cannot be made (${codeOf(error)}); ${advice(dirname(path))}`, { cause: error });
  }
}

function makeDirectory(path: string): void {
  try {
    for (const level of missingLevels(path)) makeLevel(level);
    if (statSync(path).isDirectory()) return;
  } catch (error) {
    const parent = dirname(missingLevels(path)[0] ?? path);
    if (codeOf(error) === 'ENOENT') {
      throw new StartError(`DATA_DIR ${path} cannot be made: ${parent} takes no directories; choose another one`, {
        cause: error,
      });
    }
    throw new StartError(`DATA_DIR ${path} cannot be made (${codeOf(error)}): ${owners(parent)}; ${advice(parent)}`, {
      cause: error,
    });
  }
  throw new StartError(`DATA_DIR ${path} is not a directory; choose another one`);
}

/** The directories on the way to this one that are not there, itself included, the outermost first. */
function missingLevels(path: string): readonly string[] {
  const missing: string[] = [];
  for (let level = path; !existsSync(level) && level !== dirname(level); level = dirname(level)) missing.unshift(level);
  return missing;
}

/** One at a time: below a directory like /proc, Node's own `recursive` goes round for ever. */
function makeLevel(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Somebody else was faster; what it is, is looked at in the end.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function requireAccess(path: string, noun: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EROFS') {
      throw new StartError(`${noun} ${path} is on a read-only file system; mount it writable`, { cause: error });
    }
    throw new StartError(`${noun} ${path} cannot be written (${code}): ${owners(path)}; ${advice(path)}`, {
      cause: error,
    });
  }
}

/** SQLite ties a log to its database by name only: it would replay this one over whatever comes to lie beside it. */
function requireDatabaseOfLog(databasePath: string): void {
  const log = `${databasePath}-wal`;
  const bytes = (path: string): number => (existsSync(path) ? statSync(path).size : 0);
  if (bytes(log) === 0 || bytes(databasePath) > 0) return;
  throw new StartError(
    `${log} is the log of a database that is not there; put ${databasePath} back, or delete the log to begin anew`,
  );
}

function owners(path: string): string {
  return `${path} belongs to uid ${statSync(path).uid} and this process is uid ${process.getuid?.() ?? 'unknown'}`;
}

function advice(path: string): string {
  return `run: chown -R ${process.getuid?.() ?? '<user>'} ${path}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);
}
