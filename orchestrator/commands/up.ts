import { durationText } from '../core/duration.ts';
import { createStack } from '../engine/create-stack.ts';
import type { UpResult } from '../engine/up.ts';
import { statusJson } from '../stack/service-status.ts';
import { FIRST_DATA } from '../stack/up-plan.ts';
import type { Command } from './command.ts';
import { TAKE_OVER, type TakeOverOption } from './take-over.ts';
import { wholeSeconds } from './whole-seconds.ts';

interface UpCommandOptions extends TakeOverOption {
  /** Seconds. */
  readonly timeout: number | undefined;
}

/** `up`: from whatever there is to a stack with data on disk, left running. */
export const up: Command<UpCommandOptions> = {
  usage: 'up',
  summary: 'Start everything and wait until data is on disk',
  examples: [
    ['npm run up', 'start with the defaults'],
    ['npm run up -- --msgs-per-sec 200 --trigger-interval "5 seconds"', 'any setting as a flag'],
    ['npm run up -- --runtime local', 'local processes even where Docker is there'],
    ['npm run up -- --timeout 600', 'fail with exit code 4 when it takes longer than 10 minutes'],
  ],
  options: (yargs) =>
    yargs.option('take-over', TAKE_OVER).option('timeout', {
      type: 'string',
      requiresArg: true,
      defaultDescription: 'each step has a deadline of its own',
      describe: 'Seconds that all of it may take, downloads included; then what it started is stopped',
      coerce: (value: unknown) => (value === undefined ? undefined : wholeSeconds('--timeout', value, 1)),
    }),
  afterInterrupt: 'Everything it started was stopped.',
  async run(context, { 'take-over': takeOver, timeout }) {
    const timeoutMs = timeout === undefined ? undefined : timeout * 1000;
    const done = await createStack(context).up({ takeOver, timeoutMs });
    return { exitCode: 0, json: upJson(done), text: upText(done) };
  },
};

/** The document of `up --json`. */
export function upJson(done: UpResult): Readonly<Record<string, unknown>> {
  if (done.alreadyUp) return { ...statusJson(done.status), alreadyUp: true };
  const { runtime, elapsedMs, criticalPath, timings, outputPath, urls } = done;
  return {
    ready: true,
    runtime,
    elapsedMs: Math.round(elapsedMs),
    criticalPath: criticalPath.map((step) => ({ ...step, elapsedMs: Math.round(step.elapsedMs) })),
    timings: timings.map(({ name, startMs, endMs }) => ({
      name,
      startMs: Math.round(startMs),
      endMs: Math.round(endMs),
    })),
    outputPath,
    urls,
  };
}

/** The same for people. */
export function upText(done: UpResult): string {
  if (done.alreadyUp) return ['Already up: nothing to do.', ...urlLines(done.status.urls)].join('\n');
  const { elapsedMs, criticalPath, timings, outputPath, urls } = done;
  const chain = criticalPath.map(({ name, elapsedMs: ms }) => `${name} ${durationText(ms)}`).join(' → ');
  return [
    `Ready after ${durationText(elapsedMs)}: ${timings.some(({ name }) => name === FIRST_DATA) ? 'data is on disk' : 'started'} in ${outputPath}`,
    `Longest chain: ${chain}`,
    ...urlLines(urls),
    'Next: `npm run peek` shows rows, `npm run verify` checks them, `npm run down` stops.',
  ].join('\n');
}

function urlLines(urls: Readonly<Record<string, string>>): string[] {
  return Object.entries(urls).map(([name, url]) => `  ${name.padEnd(16)} ${url}`);
}
