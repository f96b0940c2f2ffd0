import {
  chaosJson,
  faultJson,
  outcomeJson,
  outcomeText,
  scheduleText,
  summariseChaos,
} from '../chaos/chaos-summary.ts';
import { describeFault, describeMoment, type Fault } from '../chaos/fault.ts';
import { removeFiller } from '../chaos/fill-outputs.ts';
import type { FaultOutcome } from '../chaos/outcome.ts';
import { type ChaosRun, runChaos } from '../chaos/run-chaos.ts';
import { seedFromSystem } from '../chaos/seeded-random.ts';
import { stackActs } from '../chaos/stack-acts.ts';
import { ERROR_CATALOGUE } from '../core/error-catalogue.ts';
import { ProductError } from '../core/product-error.ts';
import type { Reporter } from '../core/reporter.ts';
import { withStackLock } from '../engine/stack-lock.ts';
import { bringUp } from '../engine/up.ts';
import { localOutputPath } from '../outputs/local-path.ts';
import { withTopicLog } from '../probes/log/topic-log.ts';
import { fetchTopicOffsets } from '../probes/topic-offsets.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { pipelineOf } from '../stack/pipeline-of.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import { stackStatus } from '../stack/service-status.ts';
import { type ChaosOptions, chaosOptions, replayOf, scheduleOf } from './chaos-options.ts';
import type { Command, CommandContext, CommandResult } from './command.ts';

const CHAOS_EXIT: Readonly<Record<ChaosRun['verdict'], number>> = {
  equal: 0,
  different: ERROR_CATALOGUE.VERIFY_DIFFERENCE.exitCode,
  'not-recovered': ERROR_CATALOGUE.GATE_TIMEOUT.exitCode,
};

/** `chaos`: faults on the running stack, each followed by recovery and verification. */
export const chaos: Command<ChaosOptions> = {
  usage: 'chaos',
  summary: 'Break the running stack again and again, and verify that nothing is lost or doubled',
  examples: [
    ['npm run up -- --max-files-per-sink 0', 'first: a stack whose outputs are all kept'],
    ['npm run chaos', '20 faults from a seed that is drawn and printed'],
    ['npm run chaos -- --seed 7 --dry-run', 'only show what would be done'],
    ['npm run chaos -- --seed 7 --faults 100', 'the same faults on every run'],
    ['npm run chaos -- --only kill,driver,executor', 'kills of driver and executors'],
    ['npm run chaos -- --except supervisor,disk-full', 'everything else'],
  ],
  options: chaosOptions,
  afterInterrupt: 'The stack is left running.',
  async run(context, options) {
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
    // A stack of `docker compose up` has no watcher: nothing would come back after `docker kill`.
    await runtime.superviseAgain();
    await removeFiller(config.outputDir);
    reporter.emit({
      type: 'note',
      text: `Seed ${seed}, ${schedule.length} faults, runtime ${runtime.name}; the same again: ${replay}`,
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
      struck: (fault: Fault, on: readonly string[]) =>
        reporter.emit({
          type: 'progress',
          event: 'fault-struck',
          data: { ...faultJson(fault), at: new Date().toISOString(), on },
          text: `#${fault.number} of ${schedule.length}: ${describeFault(fault)}, ${describeMoment(fault)} (${on.join('; ')})`,
        }),
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

/** The same comparison as `npm run verify`. */
async function verifyOnce({ config, signal }: CommandContext, runtime: Runtime) {
  const { verifyOutputs } = await import('../outputs/verify-outputs.ts');
  const kafka = runtime.addressOf('KAFKA_PORT');
  const { KAFKA_TOPIC: name, KAFKA_ISOLATION_LEVEL: level } = config.settings;
  const topic = () => fetchTopicOffsets(kafka, name, level);
  const pipeline = await pipelineOf(config, runtime.outputPath);
  return withTopicLog(kafka, name, level, (reader) =>
    verifyOutputs({ outputPath: runtime.outputPath, pipeline, topic, signal, reader }),
  );
}

/**
 * The same as `npm run up`. It is not ended by Ctrl-C: an `up` that is aborted takes down what it had started, and the stack
 * is to be left running.
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
    hint: 'Start it with `npm run up -- --max-files-per-sink 0`, then run `npm run chaos` again.',
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
