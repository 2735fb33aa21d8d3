/**
 * Who may import whom, as drawn here:
 *
 *   lib ← domain ← ports ← tenants, publish, delivery, history, alerts ← api
 *                    ↑
 *       stores, destinations, net, telemetry      (never each other, never a use-case)
 *
 * compose.ts and cli/ may import everything. Tests beside the code may too, so every rule leaves them out.
 */
const USE_CASES = 'tenants|publish|delivery|history|alerts';
const ADAPTERS = 'stores|destinations|net|telemetry';
const TEST = '\\.test\\.ts$';

/** A rule that a folder imports nothing of src/ but what is listed. */
function onlyFrom(folder, allowed, comment) {
  return {
    name: `${folder.replaceAll(/\W+/g, '-')}-imports`,
    comment,
    severity: 'error',
    from: { path: `^src/(${folder})/`, pathNot: TEST },
    to: { path: '^src/', pathNot: `^src/(${allowed})/` },
  };
}

const forbidden = [
  onlyFrom('lib', 'lib', 'lib/ has no word of the domain and depends on nothing of ours.'),
  onlyFrom('domain', 'lib|domain', 'The domain is pure.'),
  onlyFrom('ports', 'lib|domain|ports', 'A port speaks of the domain only.'),
  onlyFrom('config', 'lib|domain|config', 'Settings travel inward as arguments; config/ knows no one who uses them.'),
  onlyFrom(USE_CASES, `lib|domain|ports|${USE_CASES}`, 'A use-case knows ports, never who implements them.'),
  onlyFrom('api', `lib|domain|ports|api|${USE_CASES}`, 'The API is a thin reader of the use-cases.'),
  onlyFrom(ADAPTERS, `lib|domain|ports|${ADAPTERS}`, 'An adapter implements a port and knows no use-case.'),
  {
    name: 'use-cases-apart',
    comment: "A use-case that needs another takes a function, or the other's use-cases.ts interface.",
    severity: 'error',
    from: { path: `^src/(${USE_CASES})/`, pathNot: TEST },
    to: { path: `^src/(${USE_CASES})/`, pathNot: ['^src/$1/', '/use-cases\\.ts$'] },
  },
  {
    name: 'adapters-apart',
    comment: 'stores, destinations, net and telemetry never import each other.',
    severity: 'error',
    from: { path: `^src/(${ADAPTERS})/`, pathNot: TEST },
    to: { path: `^src/(${ADAPTERS})/`, pathNot: '^src/$1/' },
  },
  {
    name: 'drivers-apart',
    comment: 'One store, or one destination type, never imports another; what they share stands beside their folders.',
    severity: 'error',
    from: { path: '^src/(stores|destinations)/([^/]+)/', pathNot: TEST },
    to: { path: '^src/$1/[^/]+/', pathNot: '^src/$1/$2/' },
  },
  {
    name: 'verify-is-independent',
    comment: 'verify.ts is what a receiver would write: node:crypto and nothing of ours, or it would prove nothing.',
    severity: 'error',
    from: { path: '^src/destinations/webhook/verify\\.ts$' },
    to: { pathNot: '^(node:)?crypto$' },
  },
  {
    name: 'domain-is-pure',
    comment: 'No I/O below the ports: time, randomness, files and the network come in as arguments.',
    severity: 'error',
    from: { path: '^src/(domain|ports)/', pathNot: TEST },
    to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|util|assert)$' },
  },
  {
    name: 'compose-is-the-top',
    comment: 'compose.ts knows everybody, so only main.ts and cli/ may know it.',
    severity: 'error',
    from: { path: '^src/', pathNot: ['^src/main\\.ts$', '^src/cli/', '^src/compose\\.ts$', '^src/compose/', TEST] },
    to: { path: '^src/(compose\\.ts$|compose/|main\\.ts$|cli/)' },
  },
  {
    name: 'no-cycles',
    comment: 'Types may refer to each other; code that runs may not.',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'no-test-code',
    comment: 'What is shipped must not need what is not.',
    severity: 'error',
    from: { path: '^src/', pathNot: TEST },
    to: { path: ['^(test|bench|scripts)/', TEST] },
  },
  {
    name: 'no-development-dependencies',
    comment:
      'A package that src/ imports belongs into `dependencies`, or is an optional peer that is loaded when it is needed.',
    severity: 'error',
    from: { path: '^src/', pathNot: TEST },
    to: {
      dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
      // The types of Node are needed by the compiler only. Peers are development dependencies too, for the tests.
      pathNot: 'node_modules/(@types|amqplib)/',
    },
  },
  {
    name: 'no-unresolvable',
    comment: 'An import that leads nowhere.',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
];

export default {
  forbidden,
  options: {
    doNotFollow: { path: ['node_modules', '^test/', '^bench/', '^scripts/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js'],
    },
  },
};
