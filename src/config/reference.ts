/** docs/configuration.md, made from the declaration of the settings. */
import { SECTIONS, type Setting, SETTING_NAMES, SETTINGS } from './settings.ts';

const HEAD = `# Configuration

The server is configured by environment variables. A variable that is empty counts as one that is not set. Every wrong
setting is reported at once, with what would be accepted, and the server doesn't start. Values of secrets are never
printed. Lists are separated by commas; blanks around their entries don't matter.

This page is made from \`src/config/settings.ts\` by \`npm run outpost -- config docs\`; a test fails when it is stale.
`;

export function configurationPage(): string {
  const tables = SECTIONS.map((section) => {
    const rows = SETTING_NAMES.map((name): Setting<unknown, unknown> => SETTINGS[name])
      .filter((setting) => setting.section === section)
      .map(row);
    return `## ${section}\n\n| variable | default | accepted | what it does |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  return [HEAD, ...tables].join('\n');
}

function row(setting: Setting<unknown, unknown>): string {
  const shown = setting.shownDefault === '' ? '' : `\`${setting.shownDefault}\``;
  const cells = [`\`${setting.env}\``, shown, setting.kind.accepts, setting.help];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
