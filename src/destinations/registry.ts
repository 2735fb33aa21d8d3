/** The destination types of this process, by name. Senders are kept open by delivery/open-lanes.ts, not here. */
import type { Destination } from '../domain/destination.ts';
import type { StringMap } from '../domain/json.ts';
import type { OpenSettings, Problem, Provider, Sender, SenderDeps } from '../ports/provider.ts';
import { maskSettings } from './masking.ts';
import { type FieldCheck, fieldCheck } from './validation.ts';

export interface RegisteredType {
  readonly provider: Provider;
  /** What the declared fields say of the settings, in their order. */
  check(settings: OpenSettings): readonly Problem[];
  /** The settings as replies show them. */
  mask(settings: OpenSettings, nowMs: number): OpenSettings;
}

export interface Registry {
  /** In the order in which `GET /destination-types` lists them. */
  readonly providers: readonly Provider[];
  find(type: string): RegisteredType | null;
}

/** Throws if two providers have one type, or a field's pattern does not compile. */
export function registry(providers: readonly Provider[]): Registry {
  const types = new Map<string, RegisteredType>();
  for (const provider of providers) {
    if (types.has(provider.type)) throw new Error(`two providers are registered for ${provider.type}`);
    const check: FieldCheck = fieldCheck(provider.fields);
    types.set(provider.type, {
      provider,
      check,
      mask: (settings, nowMs) => maskSettings(provider, settings, nowMs),
    });
  }
  return { providers, find: (type) => types.get(type) ?? null };
}

/**
 * Opens senders for stored destinations.
 * @param deps.reveal opens the sealed credentials
 */
export function senderOpener(deps: {
  readonly registry: Pick<Registry, 'find'>;
  readonly reveal: (destination: Destination) => StringMap;
  readonly sender: SenderDeps;
}): (destination: Destination) => Sender {
  return (destination) => {
    const type = deps.registry.find(destination.type);
    if (type === null) throw new Error(`no provider is registered for the stored destination type ${destination.type}`);
    const { config, deliveryMetadata } = destination;
    return type.provider.open({ config, credentials: deps.reveal(destination), deliveryMetadata }, deps.sender);
  };
}
