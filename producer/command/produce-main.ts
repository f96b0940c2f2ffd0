import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { readConfig } from '../config.ts';
import { ConfigError } from '../config-error.ts';
import { endProcess } from '../end-process.ts';
import { EXIT, explain } from '../exit-code.ts';
import { lineOutput } from '../line-output.ts';
import { Report } from '../report.ts';
import { runProducer } from '../run-producer.ts';
import { stopAtSignals } from '../stop-signals.ts';
import { commandEnvironment } from './command-environment.ts';
import { type ProduceCommand, parseCommandLine } from './command-line.ts';
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
  const rate = environment['MSGS_PER_SEC'] ? config.recordsPerSecond : 0;
  if (out === undefined) {
    const dryLimits = hasLimit ? limits : { ...limits, maxRecords: DRY_RUN_RECORDS };
    await writeRecords(config, dryLimits, rate, process.stdout, stop);
    return EXIT.done;
  }
  if (!hasLimit) throw new ConfigError('--out needs an end: give --max-records or --duration');
  const file = createWriteStream(out);
  const count = await writeRecords(config, limits, rate, file, stop);
  file.end();
  await finished(file);
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
  exitCode = isFileError(error) ? explain(new ConfigError(error.message)) : explain(error);
}
await endProcess(exitCode);

/** The file of --out, or standard output, cannot be written. */
function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && ('path' in error || error.syscall === 'write');
}
