import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCommandLine } from './cli.ts';
import { loadSettings } from './config/load-settings.ts';
import { stackConfig } from './config/stack-config.ts';
import { ProductError } from './core/product-error.ts';
import type { Reporter } from './core/reporter.ts';
import { errorJson, errorText } from './report/error-text.ts';
import { jsonReporter } from './report/json-reporter.ts';
import { type Output, processOutput } from './report/output.ts';
import { plainReporter } from './report/plain-reporter.ts';
import { taskListReporter } from './report/task-list-reporter.ts';

/** What a command ends with when its reader went away, as a shell reports SIGPIPE. */
const READER_GONE = 141;
const UNEXPECTED = 1;

const argv = process.argv.slice(2);
const output = processOutput(() => process.exit(READER_GONE));
process.exit(await main());

async function main(): Promise<number> {
  const json = argv.includes('--json');
  const abort = new AbortController();
  listenForSignals(abort, output);
  let reporter: Reporter | undefined;
  try {
    const command = await parseCommandLine(argv, process.stdout.columns);
    if (!command) return 0;
    const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
    const settings = loadSettings({ flags: command.flags, environment: process.env, projectDir });
    const config = stackConfig(settings, projectDir, process.env);
    reporter = reporterFor(command.json, output);
    return await command.run({ config, reporter, output, signal: abort.signal, json: command.json });
  } catch (error) {
    await reporter?.close();
    reporter = undefined;
    output.err(errorText(error));
    if (json) output.out(JSON.stringify({ error: errorJson(error) }));
    return exitCodeOf(error);
  } finally {
    await reporter?.close();
  }
}

function reporterFor(json: boolean, to: Output): Reporter {
  if (json) return jsonReporter(to);
  return process.stdout.isTTY && process.stderr.isTTY && process.env['CI'] === undefined
    ? taskListReporter(to)
    : plainReporter(to);
}

/** The first signal aborts the command, which then undoes what it began; a second one ends the process at once. */
function listenForSignals(abort: AbortController, to: Output): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (abort.signal.aborted) {
        to.err('Ended at once; `npm run down` stops what is left.');
        process.exit(130);
      }
      to.err(`\n${name}: stopping what this command started; once more to end at once`);
      abort.abort(
        new ProductError('INTERRUPTED', {
          message: `The command was ended by ${name}.`,
          hint: 'What it had started is stopped again; run it anew when you like.',
        }),
      );
    });
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof AggregateError) return exitCodeOf(error.errors[0]);
  return error instanceof ProductError ? error.exitCode : UNEXPECTED;
}
