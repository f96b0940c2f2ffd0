import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { flushOutput } from '../orchestrator/util/output.ts';
import { projectDir } from './support/project.ts';
import { runPytest } from './support/pytest.ts';

/**
 * `npm test`: unit tests, the job's tests with a real Spark session, end-to-end tests with real
 * stacks. All of them run, even when some fail. The last line has the result. `npm test -- unit
 * python` runs only the named parts. The part `long` (chaos, more kills of services and containers,
 * a field that is added, two checkouts of one project, faults of a broker, full disks, odd folders
 * and clocks, another engine, SINK_FILES=parallel, the example pipelines, the benchmark) takes much
 * longer and runs only when it is named.
 */
const PARTS = ['unit', 'python', 'e2e', 'long'] as const;
type Part = (typeof PARTS)[number];

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** The failed tests by name. */
  readonly failures: readonly string[];
}

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(
        z.object({ status: z.string(), ancestorTitles: z.array(z.string()), title: z.string() }),
      ),
    }),
  ),
});

const HELP = `npm test -- [parts]

Run the tests: unit, python and e2e, or the parts that are named

  unit    Unit tests, next to their sources
  python  The job's tests, against a real Spark session
  e2e     End-to-end tests, against real stacks
  long    Chaos, more kills of services and containers, an added field, two checkouts of one project, what a broker
          may do, full disks, odd folders and clocks, another engine, SINK_FILES=parallel, the example pipelines, the
          benchmark: much longer, and only when it is named
  --help  Show this
`;

const named = process.argv.slice(2);
if (named.includes('--help')) {
  process.stdout.write(HELP);
  await flushOutput();
  process.exit(0);
}
const unknown = named.filter((name) => !PARTS.includes(name as Part));
if (unknown.length > 0) {
  process.stderr.write(`error: unknown part ${unknown.join(', ')}; allowed are ${PARTS.join(', ')}\n`);
  process.exit(2);
}
const total = { passed: 0, failed: 0, skipped: 0, failures: [] as string[] };
const wanted = (part: Part) => (named.length === 0 ? part !== 'long' : named.includes(part));
// Runs alongside the others and uses the time in which they wait.
const python = (['python', 'long'] as const)
  .filter(wanted)
  .map((part) => runPytest({ long: part === 'long' }));
// An error is thrown where the promise is awaited.
for (const each of python) each.catch(() => undefined);
if (wanted('unit')) add(await runVitest(['unit']));
// Run together, so that no part waits for the slowest test of the other.
const stacks = (['e2e', 'long'] as const).filter(wanted);
if (stacks.length > 0) add(await runVitest(stacks));
for (const each of python) {
  const { printed, ...counts } = await each;
  process.stdout.write('\n=== python\n');
  process.stdout.write(printed);
  add(counts);
}
if (named.length === 0) process.stdout.write('\nnot run: the part `long`; `npm test -- long` runs it\n');
for (const name of total.failures) process.stdout.write(`failed: ${name}\n`);
const skipped = total.skipped === 0 ? '' : `, ${total.skipped} skipped`;
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
await flushOutput();
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

function add(counts: Counts): void {
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  total.failures.push(...counts.failures);
}

async function runVitest(projects: readonly Part[]): Promise<Counts> {
  process.stdout.write(`\n=== ${projects.join(', ')}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'medallion-tests-'));
  const file = join(folder, 'report.json');
  try {
    const args = [
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      '--reporter=default',
      '--reporter=json',
      `--outputFile=${file}`,
    ];
    const code = await inherit(process.execPath, [
      join(projectDir, 'node_modules/vitest/vitest.mjs'),
      ...args,
    ]);
    const report = vitestReport.parse(JSON.parse(readFileSync(file, 'utf8')));
    // A file that cannot be loaded, or an error outside a test, fails the run without a failed
    // test.
    const broken = brokenFiles(report);
    const unseen = code !== 0 && report.numFailedTests + broken.length === 0 ? 1 : 0;
    sayWhatWasSkipped(report);
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + broken.length + unseen,
      skipped: report.numPendingTests + report.numTodoTests,
      failures: [...failuresOf(report, unseen), ...broken],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Files that failed without a failed test, such as by their `beforeAll`: its tests count as skipped. */
function brokenFiles({ testResults }: z.output<typeof vitestReport>): readonly string[] {
  return testResults
    .filter(({ status, assertionResults }) => {
      return status === 'failed' && !assertionResults.some((test) => test.status === 'failed');
    })
    .map(({ name }) => `${relative(projectDir, name)} (outside its tests)`);
}

function failuresOf({ testResults }: z.output<typeof vitestReport>, unseen: number): readonly string[] {
  const failures = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ ancestorTitles, title }) => [relative(projectDir, name), ...ancestorTitles, title].join(' > ')),
  );
  return unseen === 0 ? failures : [...failures, 'an error outside the tests, shown above'];
}

/** A skipped test has its reason in its own title, or in that of the skipped group. */
function sayWhatWasSkipped({ testResults }: z.output<typeof vitestReport>): void {
  const titles = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== 'passed' && status !== 'failed')
    .map(({ ancestorTitles, title }) => {
      const whole = [...ancestorTitles, title];
      return whole.find((part) => part.includes('not tried:')) ?? whole.join(' > ');
    });
  for (const title of new Set(titles)) {
    const count = titles.filter((other) => other === title).length;
    process.stdout.write(`skipped, ${count} ${count === 1 ? 'test' : 'tests'}: ${title}\n`);
  }
}

function inherit(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: projectDir, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
