/** The thread of point reads, which wait for nothing: neither for commits nor for scans. */
import type { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import { packPayloads } from './codec-answers.ts';
import type { ReadsCalls } from './threads-calls.ts';
import { openReader } from './threads-reader.ts';
import { type PointReader, pointReader } from './threads-reads.ts';
import { type Handlers, serveThread } from './threads-worker.ts';

let opened: { readonly db: DatabaseSync; readonly reader: PointReader } | null = null;

const handlers: Handlers<ReadsCalls> = {
  open({ databasePath, eventKeyKey }) {
    const db = openReader(databasePath, 'read');
    opened = { db, reader: pointReader(db, eventKeyKey) };
    return null;
  },
  findTenant: (input) => reader().findTenant(input),
  findDestination: (input) => reader().findDestination(input),
  listDestinations: (input) => reader().listDestinations(input),
  findLane: (input) => reader().findLane(input),
  roster: (input) => reader().roster(input),
  loadPayloads: (input) => packPayloads(reader().loadPayloads(input)),
  findEvent: (input) => reader().findEvent(input),
  matchedLane: (input) => reader().matchedLane(input),
  findAttempt: (input) => reader().findAttempt(input),
  close() {
    opened?.db.close();
    return null;
  },
};

function reader(): PointReader {
  if (opened === null) throw new Error('the store is not open yet');
  return opened.reader;
}

if (parentPort !== null) serveThread(parentPort, handlers);
