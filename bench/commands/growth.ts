import { z } from 'zod';
import { type Drained, drainSide } from '../drain/drain-side.ts';
import { SIDE_TITLES, SIDES } from '../drain/side.ts';
import { describeMachine } from '../measure/machine.ts';
import { orderOf, summarise } from '../measure/statistics.ts';
import { count, countOrNone, counts, someOf } from '../options.ts';
import { whole } from '../report/results.ts';
import { BenchStack } from '../stack/bench-stack.ts';
import { fillTopic } from '../topic/fill-topic.ts';
import { benchCommand, say } from './bench-command.ts';

const shape = z.object({
  sizes: counts('100000,300000,1000000,3000000,10000000', 'Backlogs, in records'),
  warm_up: countOrNone(500_000, 'Records that are drained twice before, in the same application'),
  max_offsets_per_trigger: countOrNone(0, 'MAX_OFFSETS_PER_TRIGGER; 0 = unset, as by default'),
  partitions: count(3, 'Partitions of the topic'),
  rounds: count(1, 'Rounds; the order of the sizes alternates'),
  sides: someOf(SIDES, 'Which sides run', ['medallion']),
});

/** How the cost of a record grows with the backlog that an outage has left. */
export const growth = benchCommand({
  name: 'growth',
  summary: 'Backlogs of growing size, as after an outage: what a record costs',
  shape,
  run: (options, signal) =>
    BenchStack.with({}, signal, async (stack) => {
      const most = Math.max(...options.sizes);
      say(`filling a topic with ${whole(most)} records`);
      const topic = await fillTopic(stack, 'growth', most, options.partitions, signal);
      const drained: (Drained & { size: number })[] = [];
      for (let round = 0; round < options.rounds; round++) {
        for (const side of options.sides) {
          for (const size of orderOf(options.sizes, round)) {
            const plan = {
              topic,
              records: size,
              warmUp: Math.min(options.warm_up, topic.records),
              maxOffsetsPerTrigger: options.max_offsets_per_trigger,
              conf: [],
            };
            const one = await drainSide(stack, side, plan, signal);
            drained.push({ ...one, size });
            say(`${side}, ${whole(size)}: ${cost(one).toFixed(1)} µs/record`);
          }
        }
      }
      const cases = options.sides.flatMap((side) => options.sizes.map((size) => ({ side, size })));
      const of = ({ side, size }: (typeof cases)[number]) =>
        summarise(drained.filter((one) => one.side === side && one.size === size).map(cost));
      return {
        machine: describeMachine(stack.config, stack.javaHome),
        options,
        columns: ['side', 'records', 'µs/record (median)', 'least', 'most', 'records/s'],
        rows: cases.map((each) => {
          const { median, min, max } = of(each);
          const figures = [median, min, max].map((value) => value.toFixed(1));
          return [SIDE_TITLES[each.side], whole(each.size), ...figures, whole(1e6 / median)];
        }),
        notes: options.sides.map((side) => {
          const costs = options.sizes.map((size) => of({ side, size }).median);
          const middle = summarise(costs).median;
          const spread = costs.map((one) => `${((one / middle - 1) * 100).toFixed(0)} %`).join(', ');
          return `${SIDE_TITLES[side]}: cost of a record against the median of the sizes: ${spread}`;
        }),
        figures: drained,
      };
    }),
});

const cost = ({ seconds, records }: Drained): number => (seconds * 1e6) / records;
