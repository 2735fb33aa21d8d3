/** What a killed server left on disk, looked at in a copy so that the look changes nothing. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface LeftBehind {
  /** Deliveries that have been tried and wait for their retry. */
  readonly waiting: number;
  /** Deliveries whose attempt was under way. */
  readonly leased: number;
}

export async function leftBehind(dataDir: string): Promise<LeftBehind> {
  const copyDir = await mkdtemp(join(tmpdir(), 'outpost-left-behind-'));
  try {
    for (const file of ['store.db', 'store.db-wal']) {
      if (existsSync(join(dataDir, file))) await copyFile(join(dataDir, file), join(copyDir, file));
    }
    const db = new DatabaseSync(join(copyDir, 'store.db'));
    try {
      const count = (where: string): number =>
        Number(db.prepare(`select count(*) as n from live where ${where}`).get()?.['n']);
      return { waiting: count('state = 0 and tries > 0'), leased: count('state > 0') };
    } finally {
      db.close();
    }
  } finally {
    await rm(copyDir, { recursive: true });
  }
}
