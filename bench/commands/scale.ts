import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { sparkWorkerProbe } from '../../orchestrator/services/spark-worker.ts';
import { type Drained, drainSide, recordsPerSecond } from '../drain/drain-side.ts';
import { describeMachine } from '../measure/machine.ts';
import { summarise } from '../measure/statistics.ts';
import { count, countOrNone, counts } from '../options.ts';
import { whole } from '../report/results.ts';
import { BenchStack } from '../stack/bench-stack.ts';
import { fillTopic } from '../topic/fill-topic.ts';
import { benchCommand, say } from './bench-command.ts';

const POLL_MS = 100;

const shape = z.object({
  records: count(1_000_000, 'Records to drain'),
  warm_up: countOrNone(500_000, 'Records that are drained twice before, in the same application'),
  max_offsets_per_trigger: countOrNone(0, 'MAX_OFFSETS_PER_TRIGGER; 0 = unset, as by default'),
  partitions: counts('1,3,12', 'Partitions of the topic'),
  worker_cores: count(1, 'Cores of each worker'),
  rounds: count(1, 'Rounds'),
});

interface Scaled extends Drained {
  readonly partitions: number;
  readonly workers: number;
}

/** The job's drain by partitions, with one and with two workers. */
export const scale = benchCommand({
  name: 'scale',
  summary: "The job's drain with more partitions and with a second worker",
  shape,
  run: (options, signal) =>
    BenchStack.with({ SPARK_WORKER_CORES: String(options.worker_cores) }, signal, async (stack) => {
      const drained: Scaled[] = [];
      const measure = async (workers: number) => {
        for (const partitions of options.partitions) {
          const topic = topics.get(partitions);
          if (!topic) throw new RangeError(`no topic with ${partitions} partitions`);
          for (let round = 0; round < options.rounds; round++) {
            const plan = {
              topic,
              records: topic.records,
              warmUp: options.warm_up,
              maxOffsetsPerTrigger: options.max_offsets_per_trigger,
              conf: [],
            };
            const one = await drainSide(stack, 'medallion', plan, signal);
            drained.push({ ...one, partitions, workers });
            say(`${partitions} partitions, ${workers} workers: ${whole(recordsPerSecond(one))} records/s`);
          }
        }
      };
      const topics = new Map<number, Awaited<ReturnType<typeof fillTopic>>>();
      for (const partitions of options.partitions) {
        say(`filling a topic of ${partitions} partitions`);
        topics.set(
          partitions,
          await fillTopic(stack, `scale-${partitions}`, options.records, partitions, signal),
        );
      }
      await measure(1);
      stack.addWorker();
      const both = sparkWorkerProbe(
        { host: 'localhost', port: stack.config.settings.SPARK_MASTER_UI_PORT },
        2,
      );
      while (!(await both.check(signal)).ready) await pause(POLL_MS, undefined, { signal });
      await measure(2);
      const cases = [1, 2].flatMap((workers) =>
        options.partitions.map((partitions) => ({ workers, partitions })),
      );
      const of = ({ workers, partitions }: (typeof cases)[number]) =>
        summarise(
          drained
            .filter((one) => one.workers === workers && one.partitions === partitions)
            .map(recordsPerSecond),
        );
      return {
        machine: describeMachine(stack.config, stack.javaHome),
        options,
        columns: ['partitions', 'workers', 'records/s (median)', 'least', 'most'],
        rows: cases.map((each) => {
          const { median, min, max } = of(each);
          return [String(each.partitions), String(each.workers), ...[median, min, max].map(whole)];
        }),
        notes: [`every worker offers ${options.worker_cores} of the machine's cores`],
        figures: drained,
      };
    }),
});
