import { join } from 'node:path';
import yargs from 'yargs';
import { exitCodeOfLost } from '../orchestrator/util/output.ts';
import { errorText, ProductError } from '../orchestrator/util/product-error.ts';
import { flagsKeptByNpm, ownFlags } from '../producer/command/npm-flags.ts';
import { projectDir } from '../tests/support/project.ts';
import type { BenchCommand } from './commands/bench-command.ts';
import { drain } from './commands/drain.ts';
import { forms } from './commands/forms.ts';
import { growth } from './commands/growth.ts';
import { latency } from './commands/latency.ts';
import { page } from './commands/page.ts';
import { producer } from './commands/producer.ts';
import { scale } from './commands/scale.ts';
import { scenarios } from './commands/scenarios.ts';
import { up } from './commands/up.ts';
import { windows } from './commands/windows.ts';
import { readOptions, yargsOptions } from './options.ts';
import { benchOutput, outputLost } from './report/bench-output.ts';
import { prepareResults, report } from './report/results.ts';

/**
 * `npm run bench`: measurements of the product and of what it is compared with, all sides in one
 * run.
 */
const COMMANDS: readonly BenchCommand[] = [
  drain,
  latency,
  producer,
  up,
  scale,
  growth,
  scenarios,
  forms,
  windows,
  page,
];

const abort = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    abort.abort(
      new ProductError('INTERRUPTED', {
        message: 'Interrupted. Everything the measurement started was stopped.',
        hint: '`npm run bench` runs it again.',
      }),
    );
  });
}

const signal = AbortSignal.any([abort.signal, outputLost]);

const parser = yargs(process.argv.slice(2))
  .scriptName('npm run bench --')
  .usage('$0 [command] [options]')
  .option('out', {
    type: 'string',
    default: join(projectDir, 'bench', 'results'),
    describe: 'Folder for results',
  })
  .parserConfiguration({ 'camel-case-expansion': false, 'duplicate-arguments-array': false })
  .strict()
  .wrap(process.stdout.columns === undefined ? null : Math.min(process.stdout.columns, 120))
  .version(false)
  .exitProcess(false)
  .fail((message, error) => {
    if (error instanceof ProductError) throw error;
    throw new ProductError('BAD_USAGE', {
      message: message ?? String(error),
      hint: '`npm run bench -- --help` lists commands and options.',
      cause: error,
    });
  });
for (const command of COMMANDS) {
  const names = command.name === 'drain' ? [command.name, '$0'] : [command.name];
  parser.command(
    names,
    command.summary,
    (sub) => {
      const known = sub.options(yargsOptions(command.shape));
      refuseFlagsKeptByNpm(known);
      return known;
    },
    async (args) => {
      const options = readOptions(command.shape, args as Record<string, unknown>);
      const folder = String(args['out']);
      prepareResults(folder);
      report(command.name, folder, await command.run(options, signal));
    },
  );
}

function refuseFlagsKeptByNpm(known: object): void {
  const kept = flagsKeptByNpm('bench', process.argv.slice(2), ownFlags(known), process.env);
  if (!kept) return;
  throw new ProductError('BAD_USAGE', {
    message: `npm took ${kept.flags.join(' and ')} for itself, so that \`bench\` did not see it; nothing was done.`,
    hint: `Options come after \`--\`: \`${kept.commandLine}\`.`,
  });
}

let exitCode = 0;
try {
  await parser.parseAsync();
} catch (thrown) {
  // A wait that is aborted rejects with an error of its own, so the reason of the abort is used.
  const error = abort.signal.aborted ? abort.signal.reason : thrown;
  exitCode = error instanceof ProductError ? error.exitCode : 1;
  if (error !== outputLost.reason) benchOutput.err(errorText(error));
}
// The figures must have left the process. Connections that a measurement leaves open must not keep
// it alive.
await benchOutput.flushed();
process.exit(outputLost.aborted ? exitCodeOfLost(outputLost.reason) : exitCode);
