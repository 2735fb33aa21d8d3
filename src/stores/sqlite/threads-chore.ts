/** Work that follows commits and is nobody's request. */
import { AppError } from '../../lib/errors.ts';
import { callerError } from './codec-errors.ts';

export interface Chore {
  /** To be called after each commit. */
  committed(): void;
  /** Resolves when nothing of it runs any more; nothing starts afterwards. */
  stop(): Promise<void>;
}

/** A full disk passes, and the chore tries again; any other error of a chore is one that the store can't go on with. */
export function unlessFull(fail: (error: Error) => void): (error: unknown) => void {
  return (cause) => {
    const error = callerError(cause);
    if (!(error instanceof AppError && error.code === 'storage_full')) fail(error);
  };
}
