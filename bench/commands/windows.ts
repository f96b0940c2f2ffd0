import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { ProductError } from '../../orchestrator/util/product-error.ts';
import { PipelineCopy } from '../../tests/support/pipeline-copy.ts';
import { describeMachine } from '../measure/machine.ts';
import { summarise } from '../measure/statistics.ts';
import { count, someOf } from '../options.ts';
import { whole } from '../report/results.ts';
import { BenchStack } from '../stack/bench-stack.ts';
import type { ChildRun } from '../stack/child-run.ts';
import { awaitRecords } from '../topic/await-records.ts';
import { benchCommand, say } from './bench-command.ts';

const STATE_STORES = ['memory', 'rocksdb'] as const;

const shape = z.object({
  windows: count(1_000_000, 'Windows that are open at a time'),
  rate: count(1000, 'Records a second; each opens a window, and closes one that is old'),
  measured_s: count(300, 'Seconds measured once as many windows are open'),
  state_store: someOf(STATE_STORES, "Where Spark keeps gold's state", ['memory']),
});

/** The lowest default of gold's trigger interval. */
const GOLD_TRIGGER_MS = 10_000;
const TOPIC = 'windows';
const FILL_TIMEOUT_MS = 600_000;
const ROCKSDB = 'org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider';

/** A gold batch, from the job's progress line. */
const goldProgress = z.object({
  query: z.literal('gold'),
  batch: z.number(),
  state: z.object({ rows: z.number(), memory_bytes: z.number() }),
  ms: z.looseObject({ total: z.number() }),
});
type GoldProgress = z.infer<typeof goldProgress>;

/** Whether gold keeps its trigger while a great number of windows is open. */
export const windows = benchCommand({
  name: 'windows',
  summary: 'Micro-batches of gold while a million windows are open',
  shape,
  run: (options, signal) =>
    BenchStack.with({}, signal, async (stack) => {
      const spanS = Math.ceil(options.windows / options.rate);
      // A tenth more, because event time stands still while the job and the live producer start.
      const pipeline = pipelineOf(stack.folder, Math.ceil(1.1 * spanS));
      await stack.createTopic(TOPIC, 3);
      say(`producing ${whole(options.windows)} records, the last ${spanS} s of event time`);
      const fill = stack.produce({
        KAFKA_TOPIC: TOPIC,
        MSGS_PER_SEC: '0',
        MAX_RECORDS: String(options.windows),
        EVENT_START: new Date(Date.now() - spanS * 1000).toISOString(),
        EVENTS_PER_SEC: String(options.rate),
      });
      await awaitRecords(stack, TOPIC, options.windows, fill, signal);
      await fill.stop();

      const live = stack.produce({ KAFKA_TOPIC: TOPIC, MSGS_PER_SEC: String(options.rate) });
      const conf = options.state_store.includes('rocksdb')
        ? [`spark.sql.streaming.stateStore.providerClass=${ROCKSDB}`]
        : [];
      const job = stack.submit(
        { conf },
        {
          KAFKA_TOPIC: TOPIC,
          PIPELINE: pipeline,
          OUTPUT_PATH: join(stack.folder, 'output'),
          TRIGGER_INTERVAL: '5 seconds',
        },
      );
      const progress = new GoldBatches(job);
      say(`waiting until ${whole(options.windows)} windows are open`);
      await progress.until((batch) => batch.state.rows >= options.windows, FILL_TIMEOUT_MS, signal);
      say(`measuring for ${options.measured_s} s`);
      const measured = await progress.during(options.measured_s * 1000, signal);
      await live.stop();
      await job.stop();
      const of = (value: (batch: GoldProgress) => number) => summarise(measured.map(value));
      const total = of(({ ms }) => ms.total);
      const late = measured.filter(({ ms }) => ms.total > GOLD_TRIGGER_MS).length;
      return {
        machine: describeMachine(stack.config, stack.javaHome),
        options,
        columns: ['', 'median', 'least', 'most'],
        rows: [
          ['windows open', ...shown(of(({ state }) => state.rows))],
          ['micro-batch of gold, ms', ...shown(total)],
          ['state in memory, MiB', ...shown(of(({ state }) => state.memory_bytes / 2 ** 20))],
        ],
        notes: [
          `${late} of ${measured.length} micro-batches took longer than the trigger of ${GOLD_TRIGGER_MS / 1000} s`,
        ],
        figures: measured,
      };
    }),
});

const shown = ({ median, min, max }: ReturnType<typeof summarise>) => [median, min, max].map(whole);

/**
 * The default pipeline with a window for each transaction, which stays open until event time is
 * `watermarkS` seconds later.
 */
function pipelineOf(folder: string, watermarkS: number): string {
  const pipeline = new PipelineCopy(join(folder, 'pipeline'));
  pipeline.change('pipeline.yml', (text) =>
    text
      .replace(/group_by: \[.*?\]/, 'group_by: [txn_id]')
      .replace(/watermark: \d+ \w+/, `watermark: ${watermarkS} seconds`),
  );
  pipeline.generate();
  return pipeline.folder;
}

/** Gold's progress lines of a running job. */
class GoldBatches {
  readonly #batches = new Map<number, GoldProgress>();
  readonly #job: ChildRun;

  constructor(job: ChildRun) {
    this.#job = job;
  }

  /**
   * Waits for a batch. @throws ProductError GATE_TIMEOUT, or SERVICE_EXITED when the job ends
   * before
   */
  async until(
    wanted: (batch: GoldProgress) => boolean,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!this.#read().some(wanted)) {
      if (performance.now() > deadline || this.#job.hasEnded) {
        throw new ProductError(this.#job.hasEnded ? 'SERVICE_EXITED' : 'GATE_TIMEOUT', {
          message: `The job has not opened enough windows within ${timeoutMs / 1000} s.`,
          hint: 'Its last lines are above.',
          logTail: this.#job.lines.slice(-20),
        });
      }
      await pause(500, undefined, { signal });
    }
  }

  /** The batches that end within this time from now. */
  async during(ms: number, signal: AbortSignal): Promise<readonly GoldProgress[]> {
    const before = new Set(this.#read().map(({ batch }) => batch));
    const end = performance.now() + ms;
    while (performance.now() < end) {
      await pause(500, undefined, { signal });
      this.#read();
    }
    return this.#read().filter(({ batch }) => !before.has(batch));
  }

  #read(): readonly GoldProgress[] {
    for (const line of this.#job.lines) {
      const at = line.indexOf('progress {');
      if (at < 0) continue;
      const { data } = goldProgress.safeParse(JSON.parse(line.slice(at + 'progress '.length)));
      if (data) this.#batches.set(data.batch, data);
    }
    return [...this.#batches.values()];
  }
}
