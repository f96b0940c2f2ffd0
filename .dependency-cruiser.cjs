/**
 * Dependencies point one way: main → cli → {chaos, doctor, infer} → {engine, peek, verify} → {runtimes,
 * services, toolchain} → {kafka, lake} → {settings, pipeline} → util. No cycles.
 */
const LAYERS = [
  ['cli'],
  ['chaos', 'doctor', 'infer'],
  ['engine', 'peek', 'verify'],
  ['runtimes', 'services', 'toolchain'],
  ['kafka', 'lake'],
  ['settings', 'pipeline'],
  ['util'],
];
const above = LAYERS.flatMap((names, at) =>
  names.map((name) => [name, LAYERS.slice(0, at).flatMap((higher) => higher.map((folder) => `${folder}/`))]),
);

/** The table of settings and its grammar, which the producer's image has. */
const SETTING_TABLE = '^orchestrator/settings/(producer-settings|setting-(kinds|row|table))\\.ts$';

const onlyIn = (name, packages, places) => ({
  name,
  severity: 'error',
  comment: `${packages.join(', ')} only in ${places.join(', ')}`,
  from: {
    path: '^(orchestrator|producer)/',
    pathNot: places.map((place) => `^${place}`).concat('\\.test\\.ts$'),
  },
  to: { path: packages.map((name) => `node_modules/${name}/`) },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphan-imports', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...above.map(([layer, higher]) => ({
      name: `${layer}-imports-nothing-above`,
      severity: 'error',
      from: { path: `^orchestrator/${layer}/`, pathNot: '\\.test\\.ts$' },
      to: { path: `^orchestrator/(${[...higher, '[a-z]+(-main)?\\.ts'].join('|')})` },
    })),
    {
      name: 'util-imports-no-package',
      severity: 'error',
      from: { path: '^orchestrator/util/', pathNot: '\\.test\\.ts$' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional'],
        pathNot: 'node_modules/(zod|string-width)/',
      },
    },
    {
      name: 'the-oracle-shares-only-the-resolved-pipeline',
      comment: 'verify must not be wrong in the same way as what it checks',
      severity: 'error',
      from: { path: '^orchestrator/verify/oracle/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(orchestrator|producer)/', pathNot: '^orchestrator/(verify/oracle|pipeline)/' },
    },
    {
      name: 'runtimes-are-given-their-services',
      comment:
        'a runtime knows what a service is, and none by name; only its tests take the list of the product',
      severity: 'error',
      from: {
        path: '^orchestrator/(runtimes|toolchain)/',
        pathNot: '\\.(test|e2e)\\.ts$',
      },
      to: { path: '^orchestrator/services/', pathNot: '^orchestrator/services/service(-name)?\\.ts$' },
    },
    {
      name: 'producer-and-orchestrator-apart',
      severity: 'error',
      from: { path: '^producer/' },
      // What a setting may be and what an event is, is said once; whether a value becomes a silver
      // row is asked of the code that `verify` asks. The producer's image has these files and what
      // they import: see its Dockerfile.
      to: {
        path: '^orchestrator/',
        pathNot: [
          SETTING_TABLE,
          '^orchestrator/kafka/idle-connections\\.ts$',
          '^orchestrator/pipeline/(column-name|event-identity|load-pipeline|model)\\.ts$',
          '^orchestrator/pipeline/contract/(ecma-pattern|jdk-pattern|string-formats)\\.ts$',
          '^orchestrator/pipeline/generate/(field-path|generation)\\.ts$',
          '^orchestrator/util/(product-error|user-command)\\.ts$',
          '^orchestrator/verify/oracle/(classify|field-value|json-value)\\.ts$',
        ],
      },
    },
    {
      name: 'the-table-of-settings-imports-nothing',
      severity: 'error',
      from: { path: [SETTING_TABLE, '^orchestrator/settings/setting-documents\\.ts$'] },
      to: {
        pathNot: ['^orchestrator/settings/', '^orchestrator/util/user-command\\.ts$'],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'setting-table-is-all-that-the-image-has',
      severity: 'error',
      from: { path: SETTING_TABLE },
      to: {
        path: '^orchestrator/settings/',
        pathNot: SETTING_TABLE,
      },
    },
    {
      name: 'orchestrator-and-producer-apart',
      severity: 'error',
      // What the producer takes is asked of itself, so that a start can be refused before it; what
      // its command reads is read once, and a value is shown in an error in one way.
      from: { path: '^orchestrator/' },
      to: {
        path: '^producer/',
        pathNot: '^producer/(config|errors|command/(env-file|npm-flags|produce-main))\\.ts$',
      },
    },
    {
      name: 'dashboard-reads-what-verify-reads',
      severity: 'error',
      // It has the topic, the outputs and the settings in common with the orchestrator, and its
      // reader `peek` and `verify`. Its image has these folders: see producer/Dockerfile.
      from: { path: '^dashboard/', pathNot: ['^dashboard/reader/answer\\.ts$', '\\.test\\.ts$'] },
      to: {
        path: '^(orchestrator|producer)/',
        pathNot: [
          '^orchestrator/(kafka|lake|settings|pipeline|util)/',
          '^orchestrator/verify/verify-outcome\\.ts$',
          '^producer/errors\\.ts$',
        ],
      },
    },
    {
      name: 'the-database-is-in-the-reader',
      severity: 'error',
      comment: 'only the process that reads rows loads it, so that the dashboard stays small',
      from: {
        path: '^dashboard/',
        pathNot: ['^dashboard/reader/(answer|reader-main)\\.ts$', '\\.test\\.ts$'],
      },
      to: { path: '^(dashboard/reader/answer|orchestrator/lake/database)\\.ts$' },
    },
    {
      name: 'the-dashboard-is-a-program-of-its-own',
      severity: 'error',
      from: {
        path: '^(orchestrator|producer)/',
        pathNot: ['^orchestrator/(services/dashboard|generate-main)\\.ts$', '\\.test\\.ts$'],
      },
      to: { path: '^dashboard/' },
    },
    {
      name: 'nothing-imports-bench',
      severity: 'error',
      from: { path: '^(orchestrator|producer|dashboard)/' },
      to: { path: '^bench/' },
    },
    onlyIn(
      'execa-and-dockerode-at-their-places',
      ['execa', 'dockerode'],
      ['orchestrator/runtimes/', 'orchestrator/toolchain/'],
    ),
    onlyIn(
      'kafkajs-at-its-places',
      ['kafkajs'],
      ['orchestrator/kafka/', 'orchestrator/services/kafka', 'producer/'],
    ),
    {
      ...onlyIn('hono-in-the-server', ['hono', '@hono'], ['dashboard/server/']),
      from: { path: '^(orchestrator|producer|dashboard)/', pathNot: ['^dashboard/server/'] },
    },
    onlyIn('yaml-in-pipeline', ['yaml'], ['orchestrator/pipeline/']),
    onlyIn('duckdb-in-lake', ['@duckdb'], ['orchestrator/lake/']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Browsers resolve its imports, some of them to files of packages.
    exclude: { path: '^dashboard/page/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['import', 'require', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
