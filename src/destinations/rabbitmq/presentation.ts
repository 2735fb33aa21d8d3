/** What people see of the type: its fields, words and icon. */
import type { Field } from '../../ports/provider.ts';

export const CONFIG_FIELDS: readonly Field[] = [
  {
    key: 'server_url',
    type: 'text',
    label: 'Server URL',
    description: 'Host and port of the broker, with the virtual host behind a slash: rabbit.example.com:5672/orders.',
    required: true,
    pattern: String.raw`^[^\s]+$`,
  },
  {
    key: 'exchange',
    type: 'text',
    label: 'Exchange',
    description: 'The exchange to publish to. Empty for the default exchange, where the topic is the name of a queue.',
    required: false,
  },
  {
    key: 'tls',
    type: 'checkbox',
    label: 'TLS',
    description: 'Whether the connection is encrypted.',
    required: false,
    default: 'on',
  },
];

export const CREDENTIAL_FIELDS: readonly Field[] = [
  {
    key: 'username',
    type: 'text',
    label: 'Username',
    description: 'A user of the broker that may write to the exchange.',
    required: true,
  },
  {
    key: 'password',
    type: 'text',
    label: 'Password',
    description: 'The password of that user.',
    required: true,
    sensitive: true,
  },
];

export const DESCRIPTION =
  'Publishes each event to an exchange of a RabbitMQ broker, with its topic as the routing key.';

export const INSTRUCTIONS = `# RabbitMQ

1. Create the exchange, and bind at least one queue to it for every topic of this destination: a message that no queue
   takes counts as failed.
2. Create a user with the permission to write to the exchange.
3. Enter the broker's address, the exchange, the user and the password. The broker must be reachable from the internet.
4. Expect an event more than once, and recognise it by the message id, which is the event's id.
`;

export const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16" fill="none" ' +
  'stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">' +
  '<path d="M2.5 13.5v-11h3v4h3v-4h3v4h2v7z"/><path d="M10.5 10h.01"/></svg>';
