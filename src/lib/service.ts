/** A part of the process that runs until told to stop. */
export interface Service {
  readonly name: string;
  /** Does not block. */
  start(): void;
  /** Resolves when nothing of this service is running any more. May be called twice, or before `start`. */
  stop(): Promise<void>;
}
