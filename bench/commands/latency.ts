import { z } from 'zod';
import { SIDE_TITLES, type Side } from '../drain/side.ts';
import type { Latency } from '../latency/latencies.ts';
import { latencySide } from '../latency/latency-side.ts';
import { describeMachine } from '../measure/machine.ts';
import { orderOf, summarise } from '../measure/statistics.ts';
import { checkout, count, counts, sidesOf, someOf } from '../options.ts';
import { whole } from '../report/results.ts';
import { BenchStack } from '../stack/bench-stack.ts';
import { benchCommand, say } from './bench-command.ts';

const STREAMING_SIDES = ['baseline', 'medallion'] as const satisfies readonly Side[];
const QUANTILES = ['p50', 'p95', 'p99'] as const;

const shape = z.object({
  rates: counts('5,200,2000', 'Records a second'),
  warm_up: count(20, 'Seconds at each rate before the measured ones'),
  seconds: count(30, 'Measured seconds at each rate'),
  partitions: count(3, 'Partitions of the topic'),
  rounds: count(1, 'Rounds; the order of the sides alternates'),
  sides: someOf(STREAMING_SIDES, 'Which sides run'),
  other: checkout,
});

interface Measured extends Latency {
  readonly side: Side;
}

/** From a record's time in Kafka to its silver row. */
export const latency = benchCommand({
  name: 'latency',
  summary: 'From a record in Kafka to its silver row on disk, with a trigger of one second',
  shape,
  run: (options, signal) =>
    BenchStack.with({}, signal, async (stack) => {
      const measured: Measured[] = [];
      const sides = sidesOf(options);
      for (let round = 0; round < options.rounds; round++) {
        for (const side of orderOf(sides, round)) {
          const plan = {
            topic: `latency-${side}-${round}`,
            rates: options.rates,
            warmUpMs: options.warm_up * 1000,
            measuredMs: options.seconds * 1000,
            partitions: options.partitions,
            other: options.other,
          };
          const latencies = await latencySide(stack, side, plan, signal);
          measured.push(...latencies.map((one) => ({ side, ...one })));
          for (const { rate, p50, p95, p99 } of latencies) {
            say(
              `round ${round + 1}, ${side}, ${rate}/s: p50 ${whole(p50)}, p95 ${whole(p95)}, p99 ${whole(p99)} ms`,
            );
          }
        }
      }
      const cases = options.rates.flatMap((rate) => sides.map((side) => ({ rate, side })));
      const of = ({ rate, side }: (typeof cases)[number], quantile: (typeof QUANTILES)[number]) =>
        summarise(
          measured.filter((one) => one.rate === rate && one.side === side).map((one) => one[quantile]),
        );
      return {
        machine: describeMachine(stack.config, stack.javaHome),
        options,
        columns: ['side', 'records/s', ...QUANTILES.map((name) => `${name} ms`), 'rounds'],
        rows: cases.map((each) => [
          SIDE_TITLES[each.side],
          String(each.rate),
          ...QUANTILES.map((quantile) => whole(of(each, quantile).median)),
          String(options.rounds),
        ]),
        notes: options.rates.flatMap((rate) =>
          sides
            .filter((side) => side !== 'medallion' && sides.includes('medallion'))
            .map((side) => {
              const ratio = of({ rate, side: 'medallion' }, 'p95').median / of({ rate, side }, 'p95').median;
              return `at ${rate}/s, p95 is ${ratio.toFixed(2)} × that of ${SIDE_TITLES[side]}`;
            }),
        ),
        figures: measured,
      };
    }),
});
