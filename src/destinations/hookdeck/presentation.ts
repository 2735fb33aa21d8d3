/** What people see of the type: its fields, words and icon. */
import type { Field } from '../../ports/provider.ts';

export const CREDENTIAL_FIELDS: readonly Field[] = [
  {
    key: 'token',
    type: 'text',
    label: 'Hookdeck Token',
    description: 'The token that Hookdeck gives you when you connect a source.',
    required: true,
    sensitive: true,
  },
];

export const DESCRIPTION = 'Sends each event to a source in Hookdeck, signed with the token of that source.';

export const SETUP_LINK = { href: 'https://dashboard.hookdeck.com/connect', cta: 'Generate Hookdeck Token' };

export const INSTRUCTIONS = `# Hookdeck

1. Open the connect page of the Hookdeck dashboard and create a token, which also creates a source.
2. Enter the token here. It is checked with Hookdeck before the destination is saved.
3. Events arrive at that source. From there your Hookdeck connections route them on.
`;

export const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16" fill="none" ' +
  'stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">' +
  '<path d="M8 2.5v6a2.5 2.5 0 1 1-5 0"/><path d="m5.5 5 2.5-2.5L10.5 5"/><path d="M10.5 13.5h3"/></svg>';
