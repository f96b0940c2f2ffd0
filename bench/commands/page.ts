import { join } from 'node:path';
import { z } from 'zod';
import { drainAgain, recordsPerSecond } from '../drain/drain-side.ts';
import { latencySide } from '../latency/latency-side.ts';
import { describeMachine } from '../measure/machine.ts';
import { orderOf, quantile, summarise } from '../measure/statistics.ts';
import { count, countOrNone } from '../options.ts';
import { whole } from '../report/results.ts';
import { BenchStack } from '../stack/bench-stack.ts';
import { type DashboardUsage, type Observed, withPage } from '../stack/open-page.ts';
import { fillTopic } from '../topic/fill-topic.ts';
import { benchCommand, say } from './bench-command.ts';

const SIDES = ['alone', 'with the page'] as const;
type PageSide = (typeof SIDES)[number];

const shape = z.object({
  records: count(1_500_000, 'Records to drain'),
  warm_up: countOrNone(500_000, 'Records that are drained twice before; one application makes all drains'),
  rate: count(200, 'Records a second, for the latency'),
  seconds: count(60, 'Measured seconds of the latency, after 20 that are not measured'),
  partitions: count(3, 'Partitions of the topics'),
  rounds: count(6, 'Rounds of drains; the order of the sides alternates'),
  latency_rounds: countOrNone(4, 'Rounds of the latency'),
});

interface Measured {
  readonly side: PageSide;
  /** Records a second, or milliseconds. */
  readonly value: number;
  readonly usage?: DashboardUsage;
}

/** What the dashboard costs the stream while its page is open. */
export const page = benchCommand({
  name: 'page',
  summary: 'The drain and the latency with and without the dashboard and its page in Chromium',
  shape,
  run: (options, signal) =>
    BenchStack.with({}, signal, async (stack) => {
      /** Runs work alone, or while the page shows it. */
      const on = async (
        side: PageSide,
        observed: Observed,
        work: () => Promise<number>,
      ): Promise<Measured> => {
        if (side === 'alone') return { side, value: await work() };
        const { result, usage } = await withPage(stack, observed, signal, work);
        return { side, value: result, usage };
      };
      say(`filling a topic with ${whole(options.records)} records`);
      const topic = await fillTopic(stack, 'page', options.records, options.partitions, signal);
      const drain = {
        ...{ topic, records: topic.records, warmUp: options.warm_up, maxOffsetsPerTrigger: 0, conf: [] },
      };
      const drained: Measured[] = [];
      const delayed: Measured[] = [];
      const order = Array.from({ length: options.rounds }, (_, round) => orderOf(SIDES, round)).flat();
      await drainAgain(
        stack,
        drain,
        order.length,
        async (time, output, once) => {
          const side = order[time] ?? 'alone';
          const one = await on(side, { topic: topic.topic, output }, async () =>
            recordsPerSecond(await once()),
          );
          drained.push(one);
          say(`drain ${time + 1} of ${order.length}, ${side}: ${whole(one.value)} records/s`);
        },
        signal,
      );
      for (let round = 0; round < options.latency_rounds; round++) {
        for (const side of orderOf(SIDES, round)) {
          const name = `latency-${SIDES.indexOf(side)}-${round}`;
          const plan = {
            ...{ topic: name, rates: [options.rate], partitions: options.partitions, other: '' },
            ...{ warmUpMs: 20_000, measuredMs: options.seconds * 1000 },
          };
          const one = await on(side, { topic: name, output: join(stack.folder, name) }, async () => {
            const [latency] = await latencySide(stack, 'medallion', plan, signal);
            return latency?.p95 ?? Number.NaN;
          });
          delayed.push(one);
          say(`round ${round + 1}, ${side}: p95 ${whole(one.value)} ms`);
        }
      }
      const of = (measured: readonly Measured[], side: PageSide) =>
        summarise(measured.filter((one) => one.side === side).map(({ value }) => value));
      const rowOf = (what: string, measured: readonly Measured[]) => (side: PageSide) => {
        const { median, min, max, rounds } = of(measured, side);
        return [what, side, ...[median, min, max, rounds].map(whole)];
      };
      const ratio = (measured: readonly Measured[]) =>
        (of(measured, 'with the page').median / of(measured, 'alone').median).toFixed(3);
      const usages = [...drained, ...delayed].flatMap(({ usage }) => usage ?? []);
      const shown = usages.flatMap(({ shownAfterMs }) => shownAfterMs);
      const cores = summarise(usages.map((usage) => usage.cores));
      const memory = summarise(usages.map(({ memoryBytes }) => memoryBytes / 2 ** 20));
      return {
        machine: describeMachine(stack.config, stack.javaHome),
        options,
        columns: ['', '', 'median', 'least', 'most', 'rounds'],
        rows: [
          ...SIDES.map(rowOf('drain, records/s', drained)),
          ...(delayed.length > 0 ? SIDES.map(rowOf(`p95 at ${options.rate}/s, ms`, delayed)) : []),
        ],
        notes: [
          `with the page, the drain is ${ratio(drained)} × that without`,
          ...(delayed.length > 0 ? [`with the page, p95 is ${ratio(delayed)} × that without`] : []),
          `a commit was shown after ${whole(quantile(shown, 0.5))} ms (p95 ${whole(quantile(shown, 0.95))}, most ${whole(Math.max(...shown))}; ${shown.length} commits)`,
          `the dashboard itself used ${(cores.median * 100).toFixed(1)} % of a core (most ${(cores.max * 100).toFixed(1)} %) and ${whole(memory.median)} MiB (most ${whole(memory.max)})`,
        ],
        figures: [...drained, ...delayed],
      };
    }),
});
