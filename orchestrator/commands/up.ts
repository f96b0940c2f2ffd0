import { criticalPath } from '../core/critical-path.ts';
import { durationText } from '../core/duration.ts';
import { runPlan } from '../core/run-plan.ts';
import { withStackLock } from '../engine/stack-lock.ts';
import { readRecordedStack, recordFailedStart, recordStack } from '../stack/recorded-stack.ts';
import { type SelectedRuntime, selectRuntime } from '../stack/select-runtime.ts';
import { type StackStatus, stackStatus, stackUrls } from '../stack/service-status.ts';
import { FIRST_DATA, upPlan } from '../stack/up-plan.ts';
import type { Command, CommandContext, CommandResult } from './command.ts';
import { TAKE_OVER, type TakeOverOption } from './take-over.ts';

/** `up`: from whatever there is to a stack with data on disk, left running. */
export const up: Command<TakeOverOption> = {
  usage: 'up',
  summary: 'Start everything and wait until data is on disk',
  examples: [
    ['npm run up', 'start with the defaults'],
    ['npm run up -- --msgs-per-sec 200 --trigger-interval "5 seconds"', 'any setting as a flag'],
    ['npm run up -- --runtime local', 'local processes even where Docker is there'],
  ],
  options: (yargs) => yargs.option('take-over', TAKE_OVER),
  afterInterrupt: 'Everything it started was stopped.',
  run: (context, { 'take-over': takeOver }) =>
    withStackLock(context, 'up', takeOver, () => bringUp(context, { takeOver })),
};

/** The work of `up`, for commands that hold the stack's lock already. */
export async function bringUp(context: CommandContext, { takeOver = false } = {}): Promise<CommandResult> {
  const { config, signal } = context;
  const selected = await selectRuntime(config, context.reporter);
  const { runtime } = selected;
  try {
    if (takeOver) await runtime.takeOver();
    const recorded = readRecordedStack(config);
    const before = await runtime.observe();
    if (recorded?.running) {
      const status = await stackStatus(config, runtime);
      if (status.ready) {
        await runtime.superviseAgain();
        return alreadyUp(status);
      }
    }
    context.reporter.emit({ type: 'note', text: selected.reason });
    await runtime.preflight(signal);
    recordStack(config, runtime.name);
    return await start(context, selected, before);
  } finally {
    await runtime.close();
  }
}

async function start(
  context: CommandContext,
  { runtime }: SelectedRuntime,
  before: Awaited<ReturnType<SelectedRuntime['runtime']['observe']>>,
): Promise<CommandResult> {
  const { config, reporter, signal } = context;
  const startedNothingYet = before.every(({ state }) => state !== 'running' && state !== 'restarting');
  try {
    const { timings, elapsedMs } = await runPlan(upPlan(config, runtime, before), reporter, signal);
    const path = criticalPath(timings);
    const urls = stackUrls(runtime);
    const chain = path.map(({ name, elapsedMs: ms }) => `${name} ${durationText(ms)}`).join(' → ');
    return {
      exitCode: 0,
      json: {
        ready: true,
        runtime: runtime.name,
        elapsedMs: Math.round(elapsedMs),
        criticalPath: path.map((step) => ({ ...step, elapsedMs: Math.round(step.elapsedMs) })),
        timings: timings.map(({ name, startMs, endMs }) => ({
          name,
          startMs: Math.round(startMs),
          endMs: Math.round(endMs),
        })),
        outputPath: runtime.outputPath,
        urls,
      },
      text: [
        `Ready after ${durationText(elapsedMs)}: ${timings.some(({ name }) => name === FIRST_DATA) ? 'data is on disk' : 'started'} in ${runtime.outputPath}`,
        `Longest chain: ${chain}`,
        ...urlLines(urls),
        'Next: `npm run peek` shows rows, `npm run verify` checks them, `npm run down` stops.',
      ].join('\n'),
    };
  } catch (error) {
    if (startedNothingYet) {
      await runtime.down();
      recordFailedStart(config, runtime.outputPath);
    }
    throw error;
  }
}

function alreadyUp(status: StackStatus): CommandResult {
  return {
    exitCode: 0,
    json: { ...status, alreadyUp: true },
    text: ['Already up: nothing to do.', ...urlLines(status.urls)].join('\n'),
  };
}

function urlLines(urls: Readonly<Record<string, string>>): string[] {
  return Object.entries(urls).map(([name, url]) => `  ${name.padEnd(16)} ${url}`);
}
