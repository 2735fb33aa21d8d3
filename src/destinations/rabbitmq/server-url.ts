/**
 * The forms of `config.server_url` (field case 38): `host`, `host:port`, `[::1]:port`, each with `/vhost` behind it,
 * percent-encoded where it has to be. The original puts `amqp://` before it, so who writes the scheme there too gets
 * what they mean; `amqps://` asks for TLS. Options behind a `?` are accepted and not looked at.
 */

export interface BrokerAddress {
  /** A name or an address, the latter without brackets. */
  readonly host: string;
  /** Null for the usual one. */
  readonly port: number | null;
  readonly virtualHost: string;
  /** True if the scheme asks for it. */
  readonly isTls: boolean;
}

const FORM =
  /^(?:(?<scheme>amqps?):\/\/)?(?:\[(?<ipv6>[0-9a-f:.]+(?:%[\w.-]+)?)\]|(?<name>[^\s/?#@:[\]\\]+))(?::(?<port>[0-9]{1,5}))?(?:\/(?<vhost>[^?#]*))?(?:\?[^#]*)?$/iu;

/** Null for what is no address of a broker, one with user and password in it included: those have their own fields. */
export function parseServerUrl(text: string): BrokerAddress | null {
  const parts = FORM.exec(text)?.groups;
  if (parts === undefined) return null;
  const port = parts['port'] === undefined ? null : Number(parts['port']);
  if (port !== null && (port < 1 || port > 65_535)) return null;
  const virtualHost = decode(parts['vhost'] ?? '');
  if (virtualHost === null) return null;
  return {
    host: parts['ipv6'] ?? parts['name'] ?? '',
    port,
    // Without one it is the broker's own default, a slash.
    virtualHost: virtualHost === '' ? '/' : virtualHost,
    isTls: parts['scheme']?.toLowerCase() === 'amqps',
  };
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
