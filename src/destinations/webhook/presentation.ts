/** What people see of the type: its fields, words and icon. */
import type { Field } from '../../ports/provider.ts';

export const CONFIG_FIELDS: readonly Field[] = [
  {
    key: 'url',
    type: 'text',
    label: 'Webhook URL',
    description: 'Where events are sent: an http or https address that answers POST requests.',
    required: true,
    pattern: String.raw`^https?:\/\/[^\s]+$`,
  },
  {
    key: 'custom_headers',
    type: 'key_value_map',
    label: 'Custom Headers',
    description: 'Headers added to every request, such as a token that your gateway asks for.',
    required: false,
  },
];

export const DESCRIPTION = 'Sends each event to an HTTP endpoint of yours as a signed POST request.';

export const INSTRUCTIONS = `# Webhook

1. Enter the address of an endpoint that accepts POST requests with a JSON body.
2. Answer with a 2xx status within the time limit. Anything else, redirects included, counts as failed and is retried.
3. Verify the signature header with the secret of this destination before you trust a request.
4. Expect an event more than once, and recognise it by the event id header.
`;

export const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16" fill="none" ' +
  'stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">' +
  '<path d="M1.5 8h8"/><path d="M6.5 4.5 10 8l-3.5 3.5"/><path d="M9 2.5h4.5v11H9"/></svg>';
