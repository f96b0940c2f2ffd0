import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../../tests/support/project.ts';
import type { BenchStack } from '../stack/bench-stack.ts';
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
  const { topic } = plan;
  const measured = tailOf(topic, plan.records);
  const folder = join(stack.folder, 'drain');
  const output = join(folder, 'measured');
  // Twice: code that the JVM discarded at the end of a batch, because of cases it had not seen
  // before, is compiled again in the next batch.
  const runs = [
    ...(plan.warmUp > 0 ? ['warm-up-1', 'warm-up-2'] : []).map((name) => ({
      output: join(folder, name),
      starting_offsets: tailOf(topic, plan.warmUp).offsets,
    })),
    { output, starting_offsets: measured.offsets },
  ];
  const app = [join(projectDir, 'bench', 'spark', 'drain.py'), side, JSON.stringify(runs)];
  try {
    await stack
      .submit(
        { app, conf: plan.conf },
        {
          KAFKA_TOPIC: topic.topic,
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
      )
      .done(signal);
    const { seconds, batches } = await commitTimes(join(output, '_chk'), topic.ends);
    const range = { starts: measured.starts, ends: topic.ends };
    await assertComplete(side, output, range, signal);
    const records = topic.ends.reduce((sum, end, at) => sum + end - (measured.starts[at] ?? 0), 0);
    return { side, records, batches, seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
