import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { flagsKeptByNpm, type KeptFlags, ownFlags, quoted } from '../producer/command/npm-flags.ts';
import { newPipeline } from './infer/new-pipeline.ts';
import { STANDARD_INPUT } from './infer/read/read-input.ts';
import { reportJson, reportText } from './infer/report-text.ts';
import { exitCodeOfLost, tellingOutput } from './util/output.ts';
import { explainAccess } from './util/owned-folder.ts';
import { errorJson, errorText, ProductError } from './util/product-error.ts';
import { USER_COMMAND, userCommand } from './util/user-command.ts';

/** `npm run new`: writes a pipeline's files from a sample of events or a JSON Schema. */

const USAGE_HINT = `\`${userCommand('new', '--help')}\` shows how it is used.`;
const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
const argv = process.argv.slice(2);
const json = argv.includes('--json');

/** The error after which standard output or standard error accepts nothing more. */
let lost: NodeJS.ErrnoException | undefined;
const output = tellingOutput((error) => {
  lost = error;
});
// Files are written in one turn of the event loop, so that a signal never comes in between.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    const message = 'Interrupted. Nothing was written.';
    void end(report(new ProductError('INTERRUPTED', { message, hint: 'Run the command again.' })));
  });
}
await end(await main());

async function main(): Promise<number> {
  try {
    const options = await parse();
    if (!options) return 0;
    if (options.from === STANDARD_INPUT && process.stdin.isTTY) {
      output.err('Reading events from standard input; Ctrl-D ends them.');
    }
    const result = await newPipeline({ ...options, projectDir, stdin: process.stdin });
    output.out(json ? JSON.stringify(reportJson(result)) : reportText(result));
    return 0;
  } catch (thrown) {
    return report(explainAccess(thrown, {}));
  }
}

function report(error: unknown): number {
  output.err(errorText(error));
  if (json) output.out(JSON.stringify({ error: errorJson(error) }));
  return error instanceof ProductError ? error.exitCode : 1;
}

/** Ends the process when all output is written: standard input may still be open. */
async function end(exitCode: number): Promise<never> {
  await output.flushed();
  process.exit(lost ? exitCodeOfLost(lost) : exitCode);
}

/** @returns undefined when help was shown instead */
async function parse() {
  const parser = yargs(argv)
    .scriptName(USER_COMMAND)
    .usage(
      '$0 new -- NAME --from FILE\n\nWrite pipelines/NAME from a sample of your events, or from a JSON Schema: contract.odcs.yaml (what an event is), pipeline.yml (what is done with it), sample.jsonl (events for the producer) and pipeline.json. Every guess is a line with its reason, to be edited. Nothing is overwritten.',
    )
    .parserConfiguration({ 'parse-positional-numbers': false, 'duplicate-arguments-array': false })
    .option('from', {
      type: 'string',
      requiresArg: true,
      describe:
        'JSON lines, an array of objects, objects one after another, or a JSON Schema; - for standard input',
    })
    .option('topic', {
      type: 'string',
      requiresArg: true,
      describe: 'The topic, by default named as the pipeline',
    })
    .option('key', {
      type: 'string',
      requiresArg: true,
      describe: "The field that is the record's key, instead of a guess",
    })
    .option('event-time', {
      type: 'string',
      requiresArg: true,
      describe: "The field with the event's time, or kafka_ts for the record's own time, instead of a guess",
    })
    .option('json', { type: 'boolean', default: false, describe: 'What was written and guessed as JSON' })
    .example([
      ['$0 new -- sales --from sales.jsonl', 'from a sample, as pipelines/sales'],
      ['$0 new -- ./work/sales --from sale.schema.json', 'from a JSON Schema, as a folder elsewhere'],
      [
        'kcat -C -t sales -b kafka:9092 -c 1000 -e | $0 --silent new -- sales --from -',
        'from a topic of yours',
      ],
      ['$0 new -- sales --from sales.jsonl --event-time sold_at --key customer', 'with two guesses decided'],
    ])
    .epilogue(`docs/pipelines.md describes the files. Next: ${userCommand('up', '--pipeline NAME')}`)
    .strictOptions()
    .wrap(process.stdout.columns === undefined ? null : Math.min(process.stdout.columns, 120))
    .help()
    .version(false)
    .exitProcess(false)
    .fail((message, error) => {
      throw error instanceof ProductError ? error : usageError(message ?? String(error?.message ?? error));
    });
  const kept = flagsKeptByNpm('new', argv, ownFlags(parser), process.env);
  if (kept) {
    throw new ProductError('BAD_USAGE', {
      message: `npm took ${kept.flags.join(' and ')} for itself, so that \`new\` did not see it; nothing was written.`,
      hint: `Options come after \`--\`: \`${withOptionsLast(kept)}\`.`,
    });
  }
  const args = await parser.parseAsync();
  if (args['help'] === true) return undefined;
  const [name, ...others] = args._.map(String);
  const { from } = args;
  if (name === undefined || others.length > 0) {
    throw usageError(
      name === undefined
        ? 'A name for the pipeline is missing.'
        : `One name is allowed, and ${others.join(', ')} follows ${name}.`,
    );
  }
  if (from === undefined)
    throw usageError('--from is missing: a file with events or a JSON Schema, or - for standard input.');
  // `npm run` changes to the checkout, and a path is meant from where the user is.
  const { npm_lifecycle_event, INIT_CWD } = process.env;
  const origin = (npm_lifecycle_event === 'new' && INIT_CWD) || process.cwd();
  return {
    name,
    from: from === STANDARD_INPUT ? from : resolve(origin, from),
    topic: args.topic,
    key: args.key,
    eventTime: args['event-time'],
  };
}

/** For `npm run new NAME --from FILE` npm passes on NAME and FILE. */
function withOptionsLast({ flags, commandLine }: KeptFlags): string {
  const [name, file, ...others] = argv.map(quoted);
  const isTorn = flags.join() === '--from' && file !== undefined && others.length === 0;
  return isTorn ? userCommand('new', `${name} --from ${file}`) : commandLine;
}

function usageError(message: string): ProductError {
  const sentence = message.replaceAll('\n', ' ').replace(/[^.?]$/, '$&.');
  return new ProductError('BAD_USAGE', { message: sentence, hint: USAGE_HINT });
}
