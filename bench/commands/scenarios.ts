import { z } from 'zod';
import { SCENARIO_NAMES, type ScenarioName } from '../../producer/faults/record-stream.ts';
import { drainInTurns, ratiosToFirst, speedSummary } from '../drain/drain-in-turns.ts';
import { recordsPerSecond } from '../drain/drain-side.ts';
import { describeMachine } from '../measure/machine.ts';
import { count, countOrNone, someOf } from '../options.ts';
import { whole } from '../report/results.ts';
import { BenchStack } from '../stack/bench-stack.ts';
import { type FilledTopic, produceTopic } from '../topic/fill-topic.ts';
import { benchCommand, say } from './bench-command.ts';

const shape = z.object({
  records: count(3_000_000, 'Records to drain, from the producer'),
  warm_up: countOrNone(500_000, 'Records that are drained twice before, in the same application'),
  partitions: count(3, 'Partitions of the topics'),
  rounds: count(2, 'Rounds; the order of the scenarios alternates'),
  scenarios: someOf(SCENARIO_NAMES, 'Scenarios of the producer', ['clean', 'messy']),
});

/**
 * The cost of faults in the records. Each backlog is one batch, so no record comes too late for
 * gold.
 */
export const scenarios = benchCommand({
  name: 'scenarios',
  summary: "The job's drain of records with and without faults",
  shape,
  run: (options, signal) =>
    BenchStack.with({}, signal, async (stack) => {
      const topics = new Map<ScenarioName, FilledTopic>();
      for (const scenario of options.scenarios) {
        say(`producing ${whole(options.records)} records, ${scenario}`);
        const { records, partitions } = options;
        topics.set(scenario, await produceTopic(stack, { scenario, records, partitions }, signal));
      }
      const drained = await drainInTurns(
        stack,
        [...topics].map(([name, topic]) => ({ name, topic })),
        {
          rounds: options.rounds,
          warmUp: options.warm_up,
          speedOf: recordsPerSecond,
          shown: (speed) => `${whole(speed)} records/s`,
        },
        signal,
      );
      return {
        machine: describeMachine(stack.config, stack.javaHome),
        options,
        columns: ['scenario', 'records/s (median)', 'least', 'most', 'rounds'],
        rows: options.scenarios.map((scenario) => {
          const { median, min, max, rounds } = speedSummary(drained, scenario);
          return [scenario, ...[median, min, max, rounds].map(whole)];
        }),
        notes: ratiosToFirst(
          drained,
          options.scenarios,
          (scenario, ratio, first) => `${scenario} is ${ratio} × as fast as ${first}`,
        ),
        figures: drained.map(({ name: scenario, speed: _speed, ...one }) => ({ ...one, scenario })),
      };
    }),
});
