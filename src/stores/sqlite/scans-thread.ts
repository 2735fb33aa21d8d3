/** The thread of lists, slice by slice, and of the checkpoints that wait for nobody. */
import type { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import { checkpoint } from './checkpoint.ts';
import type { ScanReads, ScansCalls } from './threads-calls.ts';
import { openReader } from './threads-reader.ts';
import { type ScanReader, scanReader } from './threads-reads.ts';
import { type Handlers, serveThread } from './threads-worker.ts';

let opened: { readonly db: DatabaseSync; readonly reader: ScanReader } | null = null;

const handlers: Handlers<Omit<ScansCalls, keyof ScanReads>> = {
  open({ databasePath, eventKeyKey }) {
    const db = openReader(databasePath, 'checkpoint');
    opened = { db, reader: scanReader(db, eventKeyKey) };
    return null;
  },
  checkpoint: () => checkpoint(scans().db, 'passive'),
  close() {
    opened?.db.close();
    return null;
  },
};

const lists: ScanReader = {
  listTenants: (query) => scans().reader.listTenants(query),
  listEvents: (query) => scans().reader.listEvents(query),
  listAttempts: (query) => scans().reader.listAttempts(query),
};

function scans(): { readonly db: DatabaseSync; readonly reader: ScanReader } {
  if (opened === null) throw new Error('the store is not open yet');
  return opened;
}

if (parentPort !== null) serveThread(parentPort, handlers, lists);
