import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { createPopulation } from '../../producer/generate/population.ts';
import { seededRandom } from '../../producer/generate/random.ts';
import { createRecordSource } from '../../producer/generate/transactions.ts';
import { describeMachine } from '../measure/machine.ts';
import { orderOf, summarise } from '../measure/statistics.ts';
import { count, counts } from '../options.ts';
import { type Accuracy, kafkaSpeed, ownSpeed, rateError, type Speed } from '../producer/producer-speed.ts';
import { whole } from '../report/results.ts';
import { BenchStack } from '../stack/bench-stack.ts';
import { benchCommand, say } from './bench-command.ts';

const PARTITIONS = 3;
const PAYLOADS = 20_000;
const SIDES = ['medallion', 'ProducerPerformance'] as const;

const shape = z.object({
  records: count(
    1_000_000,
    "Records that ProducerPerformance sends; the product's producer runs about as long",
  ),
  seconds: count(20, "Measured seconds of the product's producer, after 5 unmeasured ones"),
  rates: counts('5,500,20000', 'MSGS_PER_SEC whose accuracy is measured'),
  rounds: count(3, 'Rounds at full speed; the order alternates'),
});

interface Measured extends Speed {
  readonly side: (typeof SIDES)[number];
}

/** The product's producer against Kafka's own. */
export const producer = benchCommand({
  name: 'producer',
  summary: "The producer's speed against Kafka's ProducerPerformance, and how exactly it keeps a rate",
  shape,
  run: (options, signal) =>
    BenchStack.with({}, signal, async (stack) => {
      const payloads = join(stack.folder, 'payloads');
      const source = createRecordSource(createPopulation(), seededRandom([1, 2, 3, 4]));
      writeFileSync(
        payloads,
        Array.from({ length: PAYLOADS }, () => `${source.next(Date.now()).value}\n`).join(''),
      );
      const run = (side: Measured['side'], topic: string) =>
        side === 'medallion'
          ? ownSpeed(stack, topic, options.seconds, signal)
          : kafkaSpeed(stack, topic, payloads, options.records, signal);
      const speeds: Measured[] = [];
      for (let round = 0; round < options.rounds; round++) {
        for (const side of orderOf(SIDES, round)) {
          const topic = `speed-${side}-${round}`;
          await stack.createTopic(topic, PARTITIONS);
          const speed = { side, ...(await run(side, topic)) };
          speeds.push(speed);
          say(
            `round ${round + 1}, ${side}: ${whole(speed.recordsPerSecond)} records/s, ${speed.cpuSecondsPerMillion.toFixed(1)} CPU s per million`,
          );
        }
      }
      const accuracy: Accuracy[] = [];
      for (const rate of options.rates) accuracy.push(await rateError(stack, rate, options.seconds, signal));
      const of = (side: Measured['side'], what: 'recordsPerSecond' | 'cpuSecondsPerMillion') =>
        summarise(speeds.filter((speed) => speed.side === side).map((speed) => speed[what]));
      const ratio =
        of('medallion', 'recordsPerSecond').median / of('ProducerPerformance', 'recordsPerSecond').median;
      return {
        machine: describeMachine(stack.config, stack.javaHome),
        options,
        columns: ['producer', 'records/s (median)', 'least', 'most', 'CPU s per million'],
        rows: SIDES.map((side) => {
          const { median, min, max } = of(side, 'recordsPerSecond');
          return [
            side,
            whole(median),
            whole(min),
            whole(max),
            of(side, 'cpuSecondsPerMillion').median.toFixed(1),
          ];
        }),
        notes: [
          `${ratio.toFixed(2)} × ProducerPerformance`,
          ...accuracy.map(
            ({ rate, measured, seconds, errorPercent }) =>
              `MSGS_PER_SEC=${rate}: ${measured.toFixed(2)} records/s over ${seconds.toFixed(0)} s, error ${errorPercent.toFixed(2)} %`,
          ),
        ],
        figures: { speeds, accuracy },
      };
    }),
});
