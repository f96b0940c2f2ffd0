import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { projectDir } from '../../tests/support/project.ts';
import type { BenchStack } from '../stack/bench-stack.ts';
import type { ChildRun } from '../stack/child-run.ts';
import { type FilledTopic, tailOf } from '../topic/fill-topic.ts';
import { assertComplete } from './assert-complete.ts';
import { commitTimes } from './commit-times.ts';
import { OTHER, type Side } from './side.ts';

/** How a topic is drained. It is the same for every side. */
export interface DrainPlan {
  readonly topic: FilledTopic;
  /**
   * The newest records of the topic, which are drained twice first, in the same application, to
   * warm up the JVMs.
   */
  readonly warmUp: number;
  /** The newest records of the topic, which the measured drain has to read. */
  readonly records: number;
  /** 0 for unset. */
  readonly maxOffsetsPerTrigger: number;
  /** Additional `key=value` settings for spark-submit. */
  readonly conf: readonly string[];
  /** The folder of a pipeline other than the default one. */
  readonly pipeline?: string;
  /** The checkout of the side `other`. */
  readonly other?: string;
}

/** One drain, as `drain.py` takes it. */
interface Run {
  readonly output: string;
  readonly starting_offsets: string;
  readonly after?: string;
}

/** One measured drain. */
export interface Drained {
  readonly side: Side;
  readonly records: number;
  readonly batches: number;
  /** From the start of the first query to the last commit of any. */
  readonly seconds: number;
}

/** Records a second of a drain. */
export const recordsPerSecond = ({ records, seconds }: Drained): number => records / seconds;

/** Spark's settings of a drain, which are those of the product but for its bounds and triggers. */
function submitDrain(stack: BenchStack, side: Side, plan: DrainPlan, runs: readonly Run[]): ChildRun {
  const app = [join(projectDir, 'bench', 'spark', 'drain.py'), side, JSON.stringify(runs)];
  return stack.submit(
    { app, conf: plan.conf },
    {
      KAFKA_TOPIC: plan.topic.topic,
      ...(side === OTHER && plan.other !== undefined && { BENCH_CHECKOUT: plan.other }),
      ...(plan.maxOffsetsPerTrigger > 0 && {
        MAX_OFFSETS_PER_TRIGGER: String(plan.maxOffsetsPerTrigger),
      }),
      ...(plan.pipeline !== undefined && { PIPELINE: plan.pipeline }),
      MAX_FILES_PER_SINK: '0',
      FAIL_ON_DATA_LOSS: 'true',
      TRIGGER_INTERVAL: '0 seconds',
      GOLD_TRIGGER_INTERVAL: '0 seconds',
    },
  );
}

/**
 * The drains that warm up. Twice: code that the JVM discarded at the end of a batch, because of
 * cases it had not seen before, is compiled again in the next batch.
 */
const warmUps = ({ topic, warmUp }: DrainPlan, folder: string): readonly Run[] =>
  (warmUp > 0 ? ['warm-up-1', 'warm-up-2'] : []).map((name) => ({
    output: join(folder, name),
    starting_offsets: tailOf(topic, warmUp).offsets,
  }));

/** @throws ProductError VERIFY_DIFFERENCE when the outputs are not complete */
async function measured(side: Side, plan: DrainPlan, output: string, signal: AbortSignal): Promise<Drained> {
  const { ends } = plan.topic;
  const { starts } = tailOf(plan.topic, plan.records);
  const { seconds, batches } = await commitTimes(join(output, '_chk'), ends);
  await assertComplete(side, output, { starts, ends }, signal);
  const records = ends.reduce((sum, end, at) => sum + end - (starts[at] ?? 0), 0);
  return { side, records, batches, seconds };
}

/**
 * Warms up a side, lets it drain the topic, checks that its outputs are complete, and removes them.
 * @throws ProductError STEP_FAILED, VERIFY_DIFFERENCE
 */
export async function drainSide(
  stack: BenchStack,
  side: Side,
  plan: DrainPlan,
  signal: AbortSignal,
): Promise<Drained> {
  const folder = join(stack.folder, 'drain');
  const output = join(folder, 'measured');
  const { offsets } = tailOf(plan.topic, plan.records);
  try {
    const runs = [...warmUps(plan, folder), { output, starting_offsets: offsets }];
    await submitDrain(stack, side, plan, runs).done(signal);
    return await measured(side, plan, output, signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const POLL_MS = 50;

/**
 * Lets the product drain the topic again and again in one application, which is warm then, and
 * whose compiled code is the same for all. Two applications differ by a quarter.
 * @param times how often
 * @param during runs each drain, which writes to the given OUTPUT_PATH
 * @throws ProductError STEP_FAILED, VERIFY_DIFFERENCE
 */
export async function drainAgain(
  stack: BenchStack,
  plan: DrainPlan,
  times: number,
  during: (time: number, output: string, drain: () => Promise<Drained>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const folder = join(stack.folder, 'drain');
  const { offsets } = tailOf(plan.topic, plan.records);
  const runs = Array.from({ length: times }, (_, time) => ({
    ...{ output: join(folder, `measured-${time}`), starting_offsets: offsets },
    after: join(folder, `go-${time}`),
  }));
  mkdirSync(folder, { recursive: true });
  const app = submitDrain(stack, 'medallion', plan, [...warmUps(plan, folder), ...runs]);
  try {
    for (const [time, { output, after }] of runs.entries()) {
      await during(time, output, async () => {
        writeFileSync(after, '');
        while (!app.hasEnded && !existsSync(`${output}.drained`)) await pause(POLL_MS, undefined, { signal });
        if (app.hasEnded) await app.done(signal);
        return measured('medallion', plan, output, signal);
      });
      rmSync(output, { recursive: true });
    }
    await app.done(signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
