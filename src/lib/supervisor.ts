/**
 * Keeps services running: one that crashes is made anew after a pause that grows with each crash, and is reported as
 * failed until it has run for a while.
 *
 *   start ──► running ──crash──► pausing ──pause over──► running …
 *                │ STEADY_MS without a crash: healthy again, the pause is short again
 *
 * A service can't be restarted once it was stopped, so the supervisor has a factory of each.
 */
import type { Service } from './service.ts';

/** After the first crash; doubled for each further one. */
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 30_000;
/** Up to this share is added, so that what crashed together doesn't come back together. */
const JITTER_SHARE = 0.25;
/** Without a crash for so long a service counts as healthy again. */
const STEADY_MS = 60_000;

export interface SupervisedService {
  readonly name: string;
  /** @param onCrash to be called, once, by a service that ended although nobody stopped it */
  make(onCrash: (error: unknown) => void): Service;
}

export interface SupervisorDeps {
  readonly clock: { after(delayMs: number, fire: () => void): () => void };
  /** In [0, 1). */
  readonly random: () => number;
  /** Told of each crash, before the pause. */
  readonly onCrash: (crash: { readonly name: string; readonly error: unknown; readonly restartMs: number }) => void;
}

export interface Supervisor extends Service {
  /** By name; false from a crash until the service has run steadily. */
  health(): Readonly<Record<string, boolean>>;
}

export function supervisor(services: readonly SupervisedService[], deps: SupervisorDeps): Supervisor {
  const watched = services.map((service) => watch(service, deps));
  return {
    name: 'supervisor',
    start() {
      for (const one of watched) one.start();
    },
    /** In the reverse order of starting, one after the other. */
    async stop() {
      for (const one of watched.toReversed()) await one.stop();
    },
    health: () => Object.fromEntries(watched.map((one) => [one.name, one.isHealthy()])),
  };
}

function watch(supervised: SupervisedService, { clock, random, onCrash }: SupervisorDeps) {
  let current: Service | null = null;
  /** Of what crashed: still to be stopped, since a part of it may run on. */
  let ending: Promise<unknown> = Promise.resolve();
  let crashes = 0;
  let isHealthy = true;
  let isStopped = false;
  let cancelTimer = (): void => {};

  function run(): void {
    if (isStopped || current !== null) return;
    const service = supervised.make((error) => {
      if (current === service) crashed(service, error);
    });
    current = service;
    try {
      service.start();
    } catch (error) {
      crashed(service, error);
      return;
    }
    // `start` itself may have crashed it.
    if (crashes > 0 && current === service) {
      cancelTimer = clock.after(STEADY_MS, () => {
        crashes = 0;
        isHealthy = true;
      });
    }
  }

  function crashed(service: Service, error: unknown): void {
    current = null;
    cancelTimer();
    ending = service.stop().catch(() => {});
    if (isStopped) return;
    isHealthy = false;
    const pauseMs = Math.min(PAUSE_MS * 2 ** crashes, PAUSE_MAX_MS);
    crashes += 1;
    const restartMs = Math.round(pauseMs * (1 + JITTER_SHARE * random()));
    onCrash({ name: supervised.name, error, restartMs });
    cancelTimer = clock.after(restartMs, run);
  }

  return {
    name: supervised.name,
    start: run,
    isHealthy: () => isHealthy,
    async stop(): Promise<void> {
      isStopped = true;
      cancelTimer();
      const service = current;
      await service?.stop();
      await ending;
    },
  };
}
