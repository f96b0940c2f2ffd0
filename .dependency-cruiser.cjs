/** Dependencies point one way: main → cli → commands → {chaos, engine} → stack → services → {probes, runtime} → core. No cycles. */
const above = {
  core: [
    'pipeline',
    'config',
    'outputs',
    'report',
    'probes',
    'runtime',
    'services',
    'stack',
    'engine',
    'chaos',
    'commands',
    'doctor',
  ],
  pipeline: [
    'config',
    'outputs',
    'report',
    'probes',
    'runtime',
    'services',
    'stack',
    'engine',
    'chaos',
    'commands',
    'doctor',
  ],
  config: [
    'outputs',
    'report',
    'probes',
    'runtime',
    'services',
    'stack',
    'engine',
    'chaos',
    'commands',
    'doctor',
  ],
  report: [
    'config',
    'outputs',
    'probes',
    'runtime',
    'services',
    'stack',
    'engine',
    'chaos',
    'commands',
    'doctor',
  ],
  outputs: ['report', 'probes', 'runtime', 'services', 'stack', 'engine', 'chaos', 'commands', 'doctor'],
  runtime: ['outputs', 'report', 'probes', 'stack', 'engine', 'chaos', 'commands', 'doctor'],
  probes: ['report', 'services', 'stack', 'engine', 'chaos', 'commands', 'doctor'],
  services: ['report', 'stack', 'engine', 'chaos', 'commands', 'doctor'],
  doctor: ['outputs', 'report', 'probes', 'engine', 'chaos', 'commands'],
  stack: ['report', 'engine', 'chaos', 'commands', 'doctor'],
  engine: ['report', 'chaos', 'commands', 'doctor'],
  chaos: ['report', 'engine', 'commands', 'doctor'],
  commands: [],
};

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
    ...Object.entries(above).map(([layer, higher]) => ({
      name: `${layer}-imports-nothing-above`,
      severity: 'error',
      from: { path: `^orchestrator/${layer}/`, pathNot: '\\.test\\.ts$' },
      to: { path: `^orchestrator/(${[...higher, 'cli\\.ts', 'main\\.ts'].join('|')})` },
    })),
    {
      name: 'core-imports-no-package',
      severity: 'error',
      from: { path: '^orchestrator/core/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional'] },
    },
    {
      name: 'probes-do-not-use-a-runtime',
      comment: 'probes and runtimes meet only in the plan; the types of the seam are shared',
      severity: 'error',
      from: { path: '^orchestrator/probes/', pathNot: '\\.test\\.ts$' },
      to: { path: '^orchestrator/runtime/', pathNot: '^orchestrator/runtime/runtime\\.ts$' },
    },
    {
      name: 'runtimes-are-given-their-services',
      comment:
        'a runtime knows what a service is, and none by name; only its tests take the list of the product',
      severity: 'error',
      from: {
        path: '^orchestrator/runtime/',
        pathNot: ['\\.(test|e2e)\\.ts$', '/testing/', '/fake-[a-z]+\\.ts$', '/runtime-contract\\.ts$'],
      },
      to: { path: '^orchestrator/services/', pathNot: '^orchestrator/services/service(-name)?\\.ts$' },
    },
    {
      name: 'producer-and-orchestrator-apart',
      severity: 'error',
      from: { path: '^producer/' },
      // What a setting may be is said once. The producer's image has these two files.
      to: {
        path: '^orchestrator/',
        pathNot: '^orchestrator/settings/setting-(kinds|table)\\.ts$',
      },
    },
    {
      name: 'settings-import-nothing',
      severity: 'error',
      from: { path: '^orchestrator/settings/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: '^orchestrator/settings/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'setting-table-is-all-that-the-image-has',
      severity: 'error',
      from: { path: '^orchestrator/settings/setting-(kinds|table)\\.ts$' },
      to: {
        path: '^orchestrator/settings/',
        pathNot: '^orchestrator/settings/setting-(kinds|table)\\.ts$',
      },
    },
    {
      name: 'orchestrator-and-producer-apart',
      severity: 'error',
      // What the producer takes is asked of itself, so that a start can be refused before it; what its command reads is read once, and
      // a value is shown in an error in one way.
      from: { path: '^orchestrator/' },
      to: {
        path: '^producer/',
        pathNot: '^producer/(config(-error)?|shown-value|command/(env-file|npm-flags|produce-main))\\.ts$',
      },
    },
    {
      name: 'nothing-imports-bench',
      severity: 'error',
      from: { path: '^(orchestrator|producer)/' },
      to: { path: '^bench/' },
    },
    onlyIn('execa-and-dockerode-in-runtime', ['execa', 'dockerode'], ['orchestrator/runtime/']),
    onlyIn(
      'kafkajs-at-its-places',
      ['kafkajs'],
      ['orchestrator/probes/', 'orchestrator/stack/create-topic', 'producer/'],
    ),
    onlyIn('yaml-in-pipeline', ['yaml'], ['orchestrator/pipeline/']),
    onlyIn('duckdb-in-outputs', ['@duckdb'], ['orchestrator/outputs/']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['import', 'require', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
