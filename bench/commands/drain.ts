import { z } from 'zod';
import { type Drained, drainSide, recordsPerSecond } from '../drain/drain-side.ts';
import { OTHER, SIDE_TITLES, SIDES, type Side } from '../drain/side.ts';
import { describeMachine } from '../measure/machine.ts';
import { orderOf, type Summary, summarise } from '../measure/statistics.ts';
import { checkout, count, countOrNone, sidesOf, someOf } from '../options.ts';
import { whole } from '../report/results.ts';
import { BenchStack } from '../stack/bench-stack.ts';
import { fillTopic } from '../topic/fill-topic.ts';
import { benchCommand, say } from './bench-command.ts';

const shape = z.object({
  records: count(3_000_000, 'Records to drain, of about 300 bytes, 1 % malformed'),
  warm_up: countOrNone(500_000, 'Records that each side drains twice before, in the same application'),
  max_offsets_per_trigger: countOrNone(0, 'MAX_OFFSETS_PER_TRIGGER of every side; 0 = unset, as by default'),
  partitions: count(3, 'Partitions of the topic'),
  rounds: count(3, 'Rounds; the order of the sides alternates'),
  sides: someOf(SIDES, 'Which sides run'),
  other: checkout,
  conf: z.string().default('').describe('Further key=value of spark-submit for every side, separated by ;'),
});

/** Drains a backlog with every side. */
export const drain = benchCommand({
  name: 'drain',
  summary: 'Drain a backlog: the five-query job, this job, one Kafka → Parquet sink, reading alone',
  shape,
  run: (options, signal) =>
    BenchStack.with({ KAFKA_TOPIC_PARTITIONS: String(options.partitions) }, signal, async (stack) => {
      say(`filling a topic with ${whole(options.records)} records`);
      const topic = await fillTopic(stack, 'drain', options.records, options.partitions, signal);
      const plan = {
        topic,
        records: topic.records,
        warmUp: options.warm_up,
        maxOffsetsPerTrigger: options.max_offsets_per_trigger,
        conf: options.conf.split(';').filter(Boolean),
        other: options.other,
      };
      const sides = sidesOf(options);
      const drained: Drained[] = [];
      for (let round = 0; round < options.rounds; round++) {
        for (const side of orderOf(sides, round)) {
          const one = await drainSide(stack, side, plan, signal);
          drained.push(one);
          say(
            `round ${round + 1}, ${side}: ${one.seconds.toFixed(1)} s, ${whole(recordsPerSecond(one))} records/s`,
          );
        }
      }
      const rates = new Map(sides.map((side) => [side, rateOf(drained, side)]));
      return {
        machine: describeMachine(stack.config, stack.javaHome),
        options,
        columns: ['side', 'records/s (median)', 'least', 'most', 'rounds', 'µs/record'],
        rows: [...rates].map(([side, rate]) => [
          SIDE_TITLES[side],
          ...[rate.median, rate.min, rate.max, rate.rounds].map(whole),
          (1e6 / rate.median).toFixed(1),
        ]),
        notes: ratios(rates),
        figures: drained,
      };
    }),
});

function rateOf(drained: readonly Drained[], side: Side): Summary {
  return summarise(drained.filter((one) => one.side === side).map(recordsPerSecond));
}

function ratios(rates: ReadonlyMap<Side, Summary>): string[] {
  const ours = rates.get('medallion');
  if (!ours) return [];
  return (['baseline', 'parquet', OTHER] as const).flatMap((side) => {
    const theirs = rates.get(side);
    return theirs ? [`${(ours.median / theirs.median).toFixed(2)} × ${SIDE_TITLES[side]}`] : [];
  });
}
