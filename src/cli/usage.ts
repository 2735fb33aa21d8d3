/** What the command line offers. */
export const USAGE = `outpost: sends a platform's events to its customers' webhooks, at least once, signed, retried, logged

  outpost serve          the server, configured by environment variables (docs/configuration.md)
  outpost dev            a server to try things with: store and secrets in ./.outpost, a receiver built in
      --port N           port of its API (3333)
  outpost config print   every setting: name, value, where it comes from
  outpost config docs    the page docs/configuration.md
  outpost version
  outpost help

From a checkout: npm start, or npm run --silent outpost -- serve
`;
