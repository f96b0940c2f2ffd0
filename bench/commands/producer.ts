import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { ProductError } from '../../orchestrator/core/product-error.ts';
import { fetchTopicOffsets } from '../../orchestrator/probes/topic-offsets.ts';
import { createRecordSource } from '../../producer/generate.ts';
import { createPopulation } from '../../producer/population.ts';
import { seededRandom } from '../../producer/random.ts';
import { describeMachine } from '../measure/machine.ts';
import { orderOf, summarise } from '../measure/statistics.ts';
import { count, counts } from '../options.ts';
import { recordsBetween } from '../producer/records-between.ts';
import { whole } from '../report/results.ts';
import { barPlot } from '../report/svg-plot.ts';
import { BenchStack } from '../stack/bench-stack.ts';
import { benchCommand, say } from './bench-command.ts';

const PARTITIONS = 3;
const PAYLOADS = 20_000;
/** Records are counted one by one: over fewer of them, one more or less would be too large an error. */
const LEAST_COUNTED = 400;
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

interface Speed {
  readonly side: (typeof SIDES)[number];
  readonly recordsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
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
      const run = (side: Speed['side'], topic: string) =>
        side === 'medallion'
          ? ownSpeed(stack, topic, options.seconds, signal)
          : kafkaSpeed(stack, topic, payloads, options.records, signal);
      const speeds: Speed[] = [];
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
      const accuracy = [];
      for (const rate of options.rates) accuracy.push(await rateError(stack, rate, options.seconds, signal));
      const of = (side: Speed['side'], what: 'recordsPerSecond' | 'cpuSecondsPerMillion') =>
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
        plot: barPlot(
          'Producers',
          'records/s',
          SIDES.map((side) => {
            const { median, min, max } = of(side, 'recordsPerSecond');
            return { label: side, value: median, min, max };
          }),
        ),
      };
    }),
});

const WARM_UP_MS = 5000;

async function ownSpeed(
  stack: BenchStack,
  topic: string,
  seconds: number,
  signal: AbortSignal,
): Promise<Omit<Speed, 'side'>> {
  const child = stack.produce({ KAFKA_TOPIC: topic, MSGS_PER_SEC: '0' });
  try {
    while ((await acknowledged(stack, topic)) === 0) await pause(50, undefined, { signal });
    await pause(WARM_UP_MS, undefined, { signal });
    const [records, at, cpu] = [await acknowledged(stack, topic), performance.now(), child.cpuSeconds()];
    await pause(seconds * 1000, undefined, { signal });
    const sent = (await acknowledged(stack, topic)) - records;
    return {
      recordsPerSecond: (sent * 1000) / (performance.now() - at),
      cpuSecondsPerMillion: ((child.cpuSeconds() - cpu) * 1e6) / sent,
    };
  } finally {
    await child.stop();
  }
}

async function kafkaSpeed(
  stack: BenchStack,
  topic: string,
  payloads: string,
  records: number,
  signal: AbortSignal,
): Promise<Omit<Speed, 'side'>> {
  const child = stack.kafkaTool('org.apache.kafka.tools.ProducerPerformance', [
    ...['--topic', topic, '--num-records', String(records), '--throughput', '-1', '--payload-file', payloads],
    ...[
      '--producer-props',
      `bootstrap.servers=localhost:${stack.kafka.port}`,
      'acks=all',
      'compression.type=gzip',
    ],
  ]);
  await child.done(signal);
  const line = child.lines.findLast((text) => /records sent, [\d.]+ records\/sec/.test(text)) ?? '';
  const rate = Number(/ ([\d.]+) records\/sec/.exec(line)?.[1]);
  const sent = await acknowledged(stack, topic);
  if (sent === records && rate > 0)
    return { recordsPerSecond: rate, cpuSecondsPerMillion: (child.cpuSeconds() * 1e6) / sent };
  throw new ProductError('VERIFY_DIFFERENCE', {
    message: `ProducerPerformance left ${sent} of ${records} records in the topic and said: ${line}`,
    hint: 'Nothing was measured.',
  });
}

async function rateError(stack: BenchStack, rate: number, seconds: number, signal: AbortSignal) {
  const topic = `rate-${rate}`;
  await stack.createTopic(topic, PARTITIONS);
  const child = stack.produce({ KAFKA_TOPIC: topic, MSGS_PER_SEC: String(rate) });
  try {
    while ((await acknowledged(stack, topic)) === 0) await pause(50, undefined, { signal });
    await pause(WARM_UP_MS, undefined, { signal });
    const fromMs = Date.now();
    await pause(Math.max(seconds * 1000, (LEAST_COUNTED * 1000) / rate), undefined, { signal });
    const toMs = Date.now();
    await child.stop();
    const measured = ((await recordsBetween(stack.kafka, topic, fromMs, toMs)) * 1000) / (toMs - fromMs);
    const errorPercent = (measured / rate - 1) * 100;
    say(`MSGS_PER_SEC=${rate}: ${measured.toFixed(2)} records/s`);
    return { rate, measured, seconds: (toMs - fromMs) / 1000, errorPercent };
  } finally {
    await child.stop();
  }
}

async function acknowledged(stack: BenchStack, topic: string): Promise<number> {
  const { partitions } = await fetchTopicOffsets(stack.kafka, topic);
  return partitions.reduce((sum, { endOffset }) => sum + Number(endOffset), 0);
}
