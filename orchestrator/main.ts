import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoted } from '../producer/command/npm-flags.ts';
import { type ParsedCommand, parseCommandLine } from './cli/parse-command-line.ts';
import { jsonReporter, plainReporter } from './cli/reporters.ts';
import { givenRunDir, resolveStack } from './engine/resolve-stack.ts';
import { loadPipeline, pipelineFolder } from './pipeline/load-pipeline.ts';
import { localOutputPath } from './runtimes/local/local-runtime.ts';
import { refuseOffsetsOfOtherTopic } from './settings/stack-topic.ts';
import { localPath } from './util/files.ts';
import { exitCodeOfLost, type Output, tellingOutput } from './util/output.ts';
import { explainAccess, type OwnFolders } from './util/owned-folder.ts';
import { errorJson, errorText, ProductError } from './util/product-error.ts';
import type { Reporter } from './util/run-plan.ts';
import { userCommand } from './util/user-command.ts';

const UNEXPECTED = 1;
/**
 * How long connections that a command left open may keep the process after its output was written.
 */
const LINGER_MS = 3000;

const argv = process.argv.slice(2);
const abort = new AbortController();
/** The error after which standard output or standard error accepts nothing more. */
let lost: NodeJS.ErrnoException | undefined;
let command: ParsedCommand | undefined;

const output = tellingOutput((error) => {
  lost = error;
  abort.abort(interruption());
});
await end(await main());

async function main(): Promise<number> {
  const json = argv.includes('--json');
  listenForSignals();
  let reporter: Reporter | undefined;
  let folders: OwnFolders = {};
  try {
    command = await parseCommandLine(argv, process.stdout.columns);
    if (!command) return 0;
    // `npm run` works in the checkout: the user's folder and the product's are one.
    const installDir = dirname(dirname(fileURLToPath(import.meta.url)));
    const projectDir = installDir;
    const { flags, isLenient, readsOutputs, startsStack } = command;
    const request = {
      ...{ flags, environment: process.env, projectDir, installDir },
      ...{ isLenient, readsOutputs, startsStack },
    };
    folders = { RUN_DIR: givenRunDir(request) };
    const { config, notes } = await resolveStack(request);
    // A broken pipeline fails here, before anything starts. Commands that stop or observe a stack
    // do not need it.
    if (!isLenient) {
      if (startsStack) await checkPipelineFiles(config.settings.PIPELINE, projectDir);
      loadPipeline(config.settings.PIPELINE, projectDir);
      refuseOffsetsOfOtherTopic(config);
    }
    folders = {
      RUN_DIR: config.runDir,
      OUTPUT_DIR: config.outputDir,
      XDG_CACHE_HOME: dirname(config.cacheDir),
      ...(config.settings.OUTPUT_PATH && { OUTPUT_PATH: localPath(localOutputPath(config)) ?? '' }),
    };
    reporter = await reporterFor(command.json, output);
    for (const text of notes) reporter.emit({ type: 'warning', text });
    const result = await command.run({
      config,
      reporter,
      output,
      signal: abort.signal,
      json: command.json,
    });
    // A task list is drawn to its end before the result follows.
    await reporter.close();
    const document = json ? result.json && JSON.stringify(result.json) : result.text;
    if (document !== undefined) output.out(document);
    return result.exitCode;
  } catch (thrown) {
    const error = explainAccess(thrown, folders);
    await reporter?.close();
    // A write that failed is rejected before its stream emits the error.
    await new Promise((resolve) => setImmediate(resolve));
    if (lost && (error === abort.signal.reason || error === lost)) return UNEXPECTED;
    output.err(errorText(error));
    if (json) output.out(JSON.stringify({ error: errorJson(error) }));
    return exitCodeOf(error);
  }
}

/**
 * Refuses files that have something that is not executed, and a pipeline.json that is not what they
 * say. The reader of YAML is loaded only for this.
 */
async function checkPipelineFiles(setting: string, projectDir: string): Promise<void> {
  const { assertUpToDate } = await import('./pipeline/resolve.ts');
  assertUpToDate(pipelineFolder(setting, projectDir), projectDir);
}

/**
 * Ends the process when all output is written. `process.exit` would cut off what a pipe has not
 * taken yet.
 */
async function end(exitCode: number): Promise<void> {
  await output.flushed();
  process.exitCode = lost === undefined ? exitCode : exitCodeOfLost(lost);
  // The last resort. The timer itself keeps nothing alive: it fires only when something else does.
  setTimeout(() => {
    output.err(`note: an open connection kept the command; it was ended after ${LINGER_MS / 1000} s`);
    void output.flushed().then(() => process.exit());
  }, LINGER_MS).unref();
}

async function reporterFor(json: boolean, to: Output): Promise<Reporter> {
  if (json) return jsonReporter(to);
  const isTerminal = process.stdout.isTTY && process.stderr.isTTY && process.env['CI'] === undefined;
  if (!isTerminal) return plainReporter(to);
  const { taskListReporter } = await import('./cli/task-list-reporter.ts');
  return taskListReporter(to);
}

/**
 * The first signal aborts the command, which then undoes what it began. A second one ends the
 * process at once.
 */
function listenForSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      const starts = command?.afterInterrupt !== undefined;
      if (abort.signal.aborted) {
        if (starts) output.err(`Ended at once; \`${userCommand('down')}\` stops what is left.`);
        process.exit(130);
      }
      if (starts) {
        output.err(`\n${name}: the command ends once nothing is left half done; repeat it to end at once`);
      }
      abort.abort(interruption());
    });
  }
}

function interruption(): ProductError {
  const name = command?.name ?? 'up';
  const args = argv.filter((_word, index) => index !== argv.indexOf(name));
  return new ProductError('INTERRUPTED', {
    message: ['Interrupted.', command?.afterInterrupt ?? 'It had started nothing.'].join(' '),
    hint: `\`${userCommand(name, args.map(quoted).join(' '))}\` runs it again.`,
  });
}

function exitCodeOf(error: unknown): number {
  if (error instanceof AggregateError) return exitCodeOf(error.errors[0]);
  return error instanceof ProductError ? error.exitCode : UNEXPECTED;
}
