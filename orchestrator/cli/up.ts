import { createStack } from '../engine/create-stack.ts';
import { stoppedText, wipedText } from '../engine/down.ts';
import { statusJson } from '../engine/status.ts';
import type { UpResult } from '../engine/up.ts';
import { FIRST_DATA } from '../engine/up-plan.ts';
import { kafkaInit } from '../services/kafka-init.ts';
import { SERVICE_NAMES } from '../services/services.ts';
import { sparkStreaming } from '../services/spark-streaming.ts';
import { durationText } from '../util/output.ts';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import {
  assertServices,
  type Command,
  serviceNames,
  servicesOf,
  TAKE_OVER,
  type TakeOverOption,
  wholeSeconds,
} from './command.ts';

interface UpCommandOptions extends TakeOverOption {
  /** Seconds. */
  readonly timeout: number | undefined;
}

/** `up`: brings a stack from any state to data on disk, and leaves it running. */
export const up: Command<UpCommandOptions> = {
  usage: 'up',
  summary: 'Start everything and wait until data is on disk',
  examples: [
    [userCommand('up'), 'start with the defaults'],
    [userCommand('up', '--msgs-per-sec 200 --trigger-interval "5 seconds"'), 'any setting as a flag'],
    [userCommand('up', '--pipeline orders --no-producer'), 'a pipeline of yours, for your own events alone'],
    [userCommand('up', '--runtime local'), 'local processes even where Docker is there'],
    [userCommand('up', '--timeout 600'), 'fail with exit code 4 when it takes longer than 10 minutes'],
  ],
  startsStack: 'with-its-data',
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
function upJson(done: UpResult): Readonly<Record<string, unknown>> {
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

/** The same result as text for people. */
function upText(done: UpResult): string {
  if (done.alreadyUp) return ['Already up: nothing to do.', ...urlLines(done.status.urls)].join('\n');
  const { elapsedMs, criticalPath, timings, outputPath, urls } = done;
  const hasData = timings.some(({ name }) => name === FIRST_DATA);
  const chain = criticalPath.map(({ name, elapsedMs: ms }) => `${name} ${durationText(ms)}`).join(' → ');
  return [
    hasData
      ? `Ready after ${durationText(elapsedMs)}: data is on disk in ${outputPath}`
      : `Ready after ${durationText(elapsedMs)}: every query runs and waits for events, which it writes to ${outputPath}`,
    `Longest chain: ${chain}`,
    ...urlLines(urls),
    hasData
      ? `Next: \`${userCommand('peek')}\` shows rows, \`${userCommand('verify')}\` checks them, \`${userCommand('down')}\` stops.`
      : `Next: \`${userCommand('produce', '--in FILE')}\` sends your events, \`${userCommand('verify', '--wait')}\` checks them, \`${userCommand('peek')}\` shows rows.`,
  ].join('\n');
}

function urlLines(urls: Readonly<Record<string, string>>): string[] {
  return Object.entries(urls).map(([name, url]) => `  ${name.padEnd(16)} ${url}`);
}

/** `down`: stops everything of this stack and keeps its data. */
export const down: Command<TakeOverOption> = {
  usage: 'down',
  summary: 'Stop everything; data, outputs and logs stay',
  examples: [[userCommand('down'), 'stop the stack of this folder']],
  isLenient: true,
  options: (yargs) => yargs.option('take-over', TAKE_OVER),
  afterInterrupt: 'What it stopped stays stopped.',
  async run(context, { 'take-over': takeOver }) {
    const stopped = await createStack(context).down({ takeOver });
    return { exitCode: 0, json: { ...stopped }, text: stoppedText(stopped) };
  },
};

interface ResetCommandOptions extends TakeOverOption {
  readonly 'keep-topic': boolean;
  readonly up: boolean;
}

/** `reset`: stops the stack, wipes what it made, and starts it again. */
export const reset: Command<ResetCommandOptions> = {
  usage: 'reset',
  summary: 'Stop, wipe topic, ZooKeeper, checkpoints and outputs together, start afresh',
  examples: [
    [userCommand('reset'), 'start afresh'],
    [userCommand('reset', '--pipeline orders'), 'start afresh with another pipeline'],
    [userCommand('reset', '--keep-topic'), 'keep the topic and process it again from its start'],
    [userCommand('reset', '--no-up'), 'only wipe'],
  ],
  startsStack: 'afresh',
  options: (yargs) =>
    yargs
      .option('keep-topic', {
        type: 'boolean',
        default: false,
        describe: "Keep Kafka's and ZooKeeper's data",
      })
      .option('up', {
        type: 'boolean',
        default: true,
        describe: 'Start again afterwards (--no-up: only wipe)',
      })
      .option('take-over', TAKE_OVER),
  afterInterrupt: 'Everything it started was stopped; what was wiped stays wiped.',
  async run(context, options) {
    const { wiped, up } = await createStack(context).reset({
      keepTopic: options['keep-topic'],
      onlyWipe: !options.up,
      takeOver: options['take-over'],
    });
    if (!up) return { exitCode: 0, json: { ...wiped }, text: wipedText(wiped) };
    return { exitCode: 0, json: { ...wiped, ...upJson(up) }, text: upText(up) };
  },
};

interface RestartOptions {
  readonly services: readonly string[];
}

/** `restart`: restarts services of the running stack and waits until they are ready again. */
export const restart: Command<RestartOptions> = {
  usage: 'restart [services..]',
  summary: 'Restart services of the running stack and wait until they are ready again',
  examples: [
    [userCommand('restart', sparkStreaming.name), 'the job alone, such as after a change of its code'],
    [
      userCommand('restart', 'kafka producer'),
      'Kafka, then the producer; what else follows Kafka is left running',
    ],
    [userCommand('restart', kafkaInit.name), 'run the one-shot again, which makes a missing topic'],
  ],
  isLenient: true,
  options: (yargs) => serviceNames(yargs, 'Services, at least one'),
  check({ services }) {
    assertServices('restart', services);
    if (services.length > 0) return;
    throw new ProductError('BAD_USAGE', {
      message: `restart needs at least one service: ${SERVICE_NAMES.join(', ')}.`,
      hint: `\`${userCommand('restart', sparkStreaming.name)}\` restarts the job; \`${userCommand('down')}\`, then \`${userCommand('up')}\`, everything.`,
    });
  },
  afterInterrupt: 'What it had stopped was started again.',
  async run(context, { services }) {
    const done = await createStack(context).restart(servicesOf(services));
    const each = done.restarted.map(({ name, elapsedMs }) => `${name} after ${durationText(elapsedMs)}`);
    return { exitCode: 0, json: { ...done }, text: `Restarted and ready: ${each.join(', ')}.` };
  },
};
