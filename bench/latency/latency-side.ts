import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ProductError } from '../../orchestrator/util/product-error.ts';
import { projectDir } from '../../tests/support/project.ts';
import { OTHER, type Side } from '../drain/side.ts';
import { watchArrivals } from '../measure/file-arrivals.ts';
import type { BenchStack } from '../stack/bench-stack.ts';
import type { ChildRun } from '../stack/child-run.ts';
import { recordsOf } from '../topic/await-records.ts';
import { type Latency, latenciesOf, type Span, silverRows } from './latencies.ts';

/** How latency is measured. It is the same for every side. */
export interface LatencyPlan {
  readonly topic: string;
  readonly rates: readonly number[];
  readonly warmUpMs: number;
  readonly measuredMs: number;
  readonly partitions: number;
  /** The checkout of the side `other`. */
  readonly other: string;
}

const VISIBLE_TIMEOUT_MS = 120_000;
const POLL_MS = 250;

/**
 * Runs a job at one rate after another, each first for a while without measuring.
 * @throws ProductError GATE_TIMEOUT when records do not become visible
 */
export async function latencySide(
  stack: BenchStack,
  side: Side,
  plan: LatencyPlan,
  signal: AbortSignal,
): Promise<readonly Latency[]> {
  const { topic } = plan;
  const output = join(stack.folder, topic);
  const silver = join(output, 'silver');
  await stack.createTopic(topic, plan.partitions);
  const arrivals = watchArrivals(silver, '.parquet');
  const app = appOf(side, plan);
  const job = stack.submit(app, {
    KAFKA_TOPIC: topic,
    OUTPUT_PATH: output,
    TRIGGER_INTERVAL: '1 second',
    STARTING_OFFSETS: 'earliest',
    MAX_FILES_PER_SINK: '0',
  });
  try {
    const spans: Span[] = [];
    for (const rate of plan.rates) {
      const producer = stack.produce({ KAFKA_TOPIC: topic, MSGS_PER_SEC: String(rate) });
      const before = arrivals.seen.size;
      await until('a silver file appears', job, signal, () => arrivals.seen.size > before);
      await pause(plan.warmUpMs, undefined, { signal });
      const fromMs = Date.now();
      await pause(plan.measuredMs, undefined, { signal });
      spans.push({ rate, fromMs, toMs: Date.now() });
      await producer.stop();
      const sent = await recordsOf(stack, topic);
      await until(
        `${sent} silver rows are there`,
        job,
        signal,
        async () => (await silverRows(silver, signal)) === sent,
      );
    }
    return await latenciesOf(silver, arrivals, spans, signal);
  } finally {
    await job.stop();
    arrivals.close();
    rmSync(output, { recursive: true, force: true });
  }
}

/** The program that is submitted instead of this checkout's job. */
function appOf(side: Side, { other }: LatencyPlan) {
  if (side === 'baseline') return { app: [join(projectDir, 'bench', 'baseline', 'seed_job.py')] };
  return side === OTHER ? { app: [join(other, 'spark-app', 'app.py')] } : {};
}

async function until(
  what: string,
  job: ChildRun,
  signal: AbortSignal,
  ask: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + VISIBLE_TIMEOUT_MS;
  while (!(await ask())) {
    if (performance.now() > deadline) {
      throw new ProductError('GATE_TIMEOUT', {
        message: `Timed out after ${VISIBLE_TIMEOUT_MS / 1000} s of waiting until ${what}.`,
        hint: "The job's last lines are above.",
        logTail: job.lines.slice(-20),
      });
    }
    await pause(POLL_MS, undefined, { signal });
  }
}
