import { readConfig } from '../config.ts';
import { ConfigError } from '../config-error.ts';
import { endProcess } from '../end-process.ts';
import { EXIT, explain } from '../exit-code.ts';
import { lineOutput } from '../line-output.ts';
import { ProducerError } from '../producer-error.ts';
import { Report } from '../report.ts';
import { runProducer } from '../run-producer.ts';
import { stopAtSignals } from '../stop-signals.ts';
import { commandEnvironment } from './command-environment.ts';
import { type ProduceCommand, parseCommandLine } from './command-line.ts';
import { writeFile } from './write-file.ts';
import { writeRecords } from './write-records.ts';

const DRY_RUN_RECORDS = 10;

/** `npm run produce`: the producer as a command, which ends when its limit is reached. */
async function run({ flags, isDryRun, out }: ProduceCommand): Promise<number> {
  const stop = stopAtSignals();
  const environment = commandEnvironment(flags, process.env, '.env');
  const config = readConfig(environment);
  if (!isDryRun && out === undefined) {
    const write = lineOutput(process.stdout, process.stderr);
    const report = new Report({ write, nowMs: () => performance.now() });
    const isDelivered = await runProducer(config, report, stop);
    return isDelivered ? EXIT.done : EXIT.failed;
  }
  const { limits } = config;
  const hasLimit = limits.maxRecords !== undefined || limits.durationMs !== undefined;
  if (config.answerKey !== undefined) {
    throw new ConfigError(
      'ANSWER_KEY names places in a topic, which records that are not sent do not have: leave it out',
    );
  }
  // A rate is kept only if it was asked for.
  const rate = environment.MSGS_PER_SEC ? config.recordsPerSecond : 0;
  if (out === undefined) {
    const dryLimits = hasLimit ? limits : { ...limits, maxRecords: DRY_RUN_RECORDS };
    await writeRecords(config, dryLimits, rate, process.stdout, stop);
    return EXIT.done;
  }
  if (!hasLimit) throw new ConfigError('--out needs an end: give --max-records or --duration');
  const count = await writeFile(out, (file, onTaken) =>
    writeRecords(config, limits, rate, file, stop, onTaken),
  );
  process.stderr.write(`[producer] ${count} records written to ${out}\n`);
  return EXIT.done;
}

// A reader of messages that went away: nobody is left to tell.
process.stderr.on('error', () => undefined);
let exitCode: number;
try {
  const command = await parseCommandLine(process.argv.slice(2), process.stdout.columns);
  exitCode = command ? await run(command) : EXIT.done;
} catch (error) {
  exitCode = explain(explained(error));
}
await endProcess(exitCode);

/** The file of --out that cannot be opened, or standard output that takes nothing more, in a sentence. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error;
  if ('path' in error) return new ConfigError(error.message, { cause: error });
  if (error.syscall !== 'write') return error;
  return new ProducerError(
    `what the command prints could not be written to standard output: ${error.message}`,
    'free some space, or send the output elsewhere, then run the command again',
    { cause: error },
  );
}
