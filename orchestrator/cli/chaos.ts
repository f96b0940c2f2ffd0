import type { Argv } from 'yargs';
import { shownValue } from '../../producer/errors.ts';
import {
  chaosJson,
  faultJson,
  outcomeJson,
  outcomeText,
  scheduleText,
  summariseChaos,
} from '../chaos/chaos-text.ts';
import { describeFault, describeWait, type Fault, FILTER_WORDS, faultFilter } from '../chaos/fault.ts';
import { stackActs } from '../chaos/inject.ts';
import { type ChaosRun, type FaultOutcome, runChaos } from '../chaos/run-chaos.ts';
import { chaosSchedule, MAX_SEED, seedFromSystem } from '../chaos/schedule.ts';
import { removeFiller } from '../chaos/staged-files.ts';
import { withStackLock } from '../engine/engine-context.ts';
import { pipelineOf, selectRuntime } from '../engine/select-runtime.ts';
import { stackStatus } from '../engine/status.ts';
import { bringUp } from '../engine/up.ts';
import { localOutputPath } from '../lake/sinks.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { tellDashboard } from '../services/dashboard.ts';
import { SERVICES, servicesWith } from '../services/services.ts';
import type { Settings } from '../settings/setting-table.ts';
import { stackTopic } from '../settings/stack-topic.ts';
import { ERROR_CATALOGUE, ProductError } from '../util/product-error.ts';
import type { Reporter } from '../util/run-plan.ts';
import { userCommand } from '../util/user-command.ts';
import type { Command, CommandContext, CommandResult } from './command.ts';

/** Options of `chaos`, after they were checked. */
export interface ChaosOptions {
  readonly seed?: number | undefined;
  readonly faults: number;
  readonly only: readonly string[];
  readonly except: readonly string[];
  /** Seconds. */
  readonly pause?: number | undefined;
  readonly 'dry-run': boolean;
}

/** Declares the options to yargs. */
function chaosOptions(yargs: Argv): Argv<ChaosOptions> {
  return yargs
    .option('seed', {
      describe: 'Which schedule of faults: a whole number; drawn when it is not given',
      coerce: (value: unknown) =>
        value === undefined ? undefined : wholeNumber('--seed', value, 1, MAX_SEED),
    })
    .option('faults', {
      alias: 'n',
      describe: 'How many',
      default: 20,
      coerce: (value: unknown) => wholeNumber('--faults', value, 1, 10_000),
    })
    .option('only', {
      describe: `Kinds and targets to take, with commas: ${FILTER_WORDS.join(', ')}`,
      default: [] as readonly string[],
      defaultDescription: 'all',
      coerce: words,
    })
    .option('except', {
      describe: 'Kinds and targets to leave out',
      default: [] as readonly string[],
      defaultDescription: 'none',
      coerce: words,
    })
    .option('pause', {
      describe: 'Seconds between recovery and the next fault; drawn, 0 to 6, when it is not given',
      coerce: (value: unknown) =>
        value === undefined ? undefined : wholeNumber('--pause', value, 0, 86_400),
    })
    .option('dry-run', {
      type: 'boolean',
      default: false,
      describe: 'Print the schedule and touch nothing',
    })
    .check(({ only, except }) => {
      faultFilter(only as readonly string[], except as readonly string[]);
      return true;
    });
}

/**
 * Draws the schedule that the options ask for.
 * @throws ProductError BAD_USAGE when the options leave no fault
 */
function scheduleOf(seed: number, options: ChaosOptions): readonly Fault[] {
  const { faults, only, except, pause } = options;
  const filter = faultFilter(only, except);
  try {
    return chaosSchedule({ seed, faults, filter, ...(pause !== undefined && { restMs: pause * 1000 }) });
  } catch (error) {
    throw new ProductError('BAD_USAGE', {
      message: `${replayOf(seed, options)}: ${(error as Error).message}.`,
      hint: `\`${userCommand('chaos', '--help')}\` lists kinds and targets; \`two\` needs two targets.`,
    });
  }
}

/** Leaves out what only a service has that is no part of this stack. */
function withoutAbsent(options: ChaosOptions, settings: Settings): ChaosOptions {
  const present = servicesWith(settings);
  const absent = SERVICES.filter((service) => !present.includes(service)).flatMap(({ faults }) => faults);
  return { ...options, except: [...options.except, ...absent.map(({ target }) => target)] };
}

/** Returns the command line that repeats the same faults. */
function replayOf(seed: number, { faults, only, except, pause }: ChaosOptions): string {
  return [
    userCommand('chaos', `--seed ${seed} --faults ${faults}`),
    ...(only.length > 0 ? [`--only ${only.join(',')}`] : []),
    ...(except.length > 0 ? [`--except ${except.join(',')}`] : []),
    ...(pause === undefined ? [] : [`--pause ${pause}`]),
  ].join(' ');
}

function wholeNumber(flag: string, value: unknown, min: number, max: number): number {
  const number = /^\d{1,9}$/.test(String(value)) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new Error(
    `${flag} ${shownValue(String(value))} is not allowed: it must be a whole number from ${min} to ${max}`,
  );
}

function words(value: unknown): readonly string[] {
  const parts = Array.isArray(value) ? value : [value];
  return parts
    .flatMap((part) => String(part).split(','))
    .map((word) => word.trim())
    .filter(Boolean);
}

const CHAOS_EXIT: Readonly<Record<ChaosRun['verdict'], number>> = {
  equal: 0,
  different: ERROR_CATALOGUE.VERIFY_DIFFERENCE.exitCode,
  'not-recovered': ERROR_CATALOGUE.GATE_TIMEOUT.exitCode,
};

/** `chaos`: injects faults into the running stack; recovery and verification follow each fault. */
export const chaos: Command<ChaosOptions> = {
  usage: 'chaos',
  summary: 'Break the running stack again and again, and verify that nothing is lost or doubled',
  examples: [
    [userCommand('up', '--max-files-per-sink 0'), 'first: a stack whose outputs are all kept'],
    [userCommand('chaos'), '20 faults from a seed that is drawn and printed'],
    [userCommand('chaos', '--seed 7 --dry-run'), 'only show what would be done'],
    [userCommand('chaos', '--seed 7 --faults 100'), 'the same faults on every run'],
    [userCommand('chaos', '--only kill,driver,executor'), 'kills of driver and executors'],
    [userCommand('chaos', '--except supervisor,disk-full'), 'everything else'],
  ],
  options: chaosOptions,
  afterInterrupt: 'The stack is left running.',
  async run(context, given) {
    const options = withoutAbsent(given, context.config.settings);
    const seed = options.seed ?? seedFromSystem();
    const schedule = scheduleOf(seed, options);
    if (options['dry-run']) {
      return {
        exitCode: 0,
        json: { seed, replay: replayOf(seed, options), faults: schedule.map(faultJson) },
        text: `${scheduleText(schedule)}\nSeed ${seed}; to make these faults: ${replayOf(seed, options)}`,
      };
    }
    return withStackLock(context, 'chaos', false, () =>
      makeChaos(context, schedule, seed, replayOf(seed, options)),
    );
  },
};

async function makeChaos(
  context: CommandContext,
  schedule: readonly Fault[],
  seed: number,
  replay: string,
): Promise<CommandResult> {
  const { config, reporter, signal } = context;
  const { runtime } = await selectRuntime(config, reporter);
  const outcomes: FaultOutcome[] = [];
  try {
    const outputFolder = localOutputPath(runtime.outputPath);
    await runtime.assertOwn();
    await assertReady(context, runtime);
    warnOfPruning(context);
    // A stack of `docker compose up` has no watcher, so nothing would restart a container after
    // `docker kill`.
    await runtime.superviseAgain();
    await removeFiller(config.outputDir);
    reporter.emit({
      type: 'note',
      text: `Seed ${seed}, ${schedule.length} faults, runtime ${runtime.name}; to repeat it: ${replay}`,
    });
    const acts = stackActs({
      config,
      runtime,
      outputFolder,
      signal,
      verify: () => verifyOnce(context, runtime),
      bringUp: () => bringUpAgain(context),
    });
    const listener = {
      injected: (fault: Fault, on: readonly string[]) => {
        reporter.emit({
          type: 'progress',
          event: 'fault-struck',
          data: { ...faultJson(fault), at: new Date().toISOString(), on },
          text: `#${fault.number} of ${schedule.length}: ${describeFault(fault)}, ${describeWait(fault)} (${on.join('; ')})`,
        });
        const text = `chaos #${fault.number}: ${describeFault(fault)} (${on.join('; ')})`;
        void tellDashboard(runtime.addressOf('DASHBOARD_PORT'), { kind: 'chaos', text });
      },
      done: (outcome: FaultOutcome) => {
        outcomes.push(outcome);
        reporter.emit({
          type: 'progress',
          event: 'fault-done',
          data: outcomeJson(outcome),
          text: outcomeText(outcome),
        });
      },
    };
    const run = await runChaos(schedule, acts, listener, signal);
    const heading = { seed, runtime: runtime.name, replay };
    return {
      exitCode: CHAOS_EXIT[run.verdict],
      json: chaosJson(run, heading),
      text: summariseChaos(run, heading),
    };
  } catch (error) {
    if (signal.aborted) {
      reporter.emit({
        type: 'note',
        text: `Ended after ${outcomes.length} faults; nothing is held any more, the stack is left running.`,
      });
    }
    throw error;
  } finally {
    await runtime.close();
  }
}

/** Makes the same comparison as `npm run verify`. */
async function verifyOnce({ config, signal }: CommandContext, runtime: Runtime) {
  const { verifyTopic } = await import('../verify/verify-topic.ts');
  return verifyTopic({
    broker: runtime.addressOf('KAFKA_PORT'),
    topic: stackTopic(config).name,
    level: config.settings.KAFKA_ISOLATION_LEVEL,
    outputPath: runtime.outputPath,
    pipeline: await pipelineOf(config, runtime.outputPath),
    signal,
  });
}

/**
 * Does the same as `npm run up`. Ctrl-C does not end it: an aborted `up` stops what it had started,
 * and the stack is to be left running.
 */
async function bringUpAgain(context: CommandContext): Promise<void> {
  const quiet: Reporter = {
    emit: (event) => {
      if (event.type === 'note' || event.type === 'warning') context.reporter.emit(event);
    },
    close: async () => undefined,
  };
  await bringUp({ ...context, reporter: quiet, signal: new AbortController().signal });
}

/** @throws ProductError STACK_NOT_RUNNING */
async function assertReady({ config }: CommandContext, runtime: Runtime): Promise<void> {
  const { ready, services } = await stackStatus(config, runtime);
  if (ready) return;
  const running = services.some(({ state }) => state === 'starting' || state === 'ready');
  const waiting = services.filter(({ state }) => state !== 'ready' && state !== 'completed');
  throw new ProductError('STACK_NOT_RUNNING', {
    message: running
      ? `The stack is not ready: ${waiting.map(({ name, state, detail }) => `${name} ${state}, ${detail}`).join('; ')}.`
      : `There is no stack to break: nothing runs in ${config.runDir}.`,
    hint: `Start it with \`${userCommand('up', '--max-files-per-sink 0')}\`, then run \`${userCommand('chaos')}\` again.`,
  });
}

function warnOfPruning({ config, reporter }: CommandContext): void {
  const { MAX_FILES_PER_SINK } = config.settings;
  if (MAX_FILES_PER_SINK === 0) return;
  reporter.emit({
    type: 'warning',
    text: `the stack keeps only ${MAX_FILES_PER_SINK} files per sink (MAX_FILES_PER_SINK): what was pruned between two faults is not verified; 0 keeps all`,
  });
}
