import { ConfigError, type ProducerConfig, readConfig } from './config.ts';
import { createRecordSource } from './generate.ts';
import { createKafka, kafkaSessions } from './kafka-session.ts';
import { lineOutput } from './line-output.ts';
import { createPacer } from './pace.ts';
import { javaPartitioner } from './partitioner.ts';
import { createStop } from './pause.ts';
import { createPopulation } from './population.ts';
import { produce } from './produce.ts';
import { ProducerError } from './producer-error.ts';
import { NO_RECORDS, PUBLISH_LIMITS, Publisher } from './publish.ts';
import { seededRandom, seedFromSystem } from './random.ts';
import { Report } from './report.ts';
import { awaitTopic } from './topic.ts';

const EXIT = { done: 0, defect: 1, wrongConfig: 2, failed: 4, interrupted: 130 } as const;

/** Runs until `stop` is aborted; true when every record that was generated has been acknowledged. */
async function run(config: ProducerConfig, stop: AbortSignal): Promise<boolean> {
  const { topic } = config;
  const servers = config.bootstrapServers.join(',');
  const report = new Report({
    write: lineOutput(process.stdout, process.stderr),
    nowMs: () => performance.now(),
  });
  report.connecting(servers, topic);

  const kafka = createKafka(config.bootstrapServers);
  const source = createRecordSource(createPopulation(), seededRandom(seedFromSystem()));
  const partitionCount = await awaitTopic({
    admin: kafka.admin(),
    topic,
    servers,
    signal: stop,
    waiting: (detail) => report.waiting(detail),
  });
  if (partitionCount === undefined) {
    report.done(NO_RECORDS);
    return true;
  }

  const publisher: Publisher = new Publisher({
    partitionCount,
    partitionOf: javaPartitioner(topic, partitionCount),
    openSession: kafkaSessions(kafka, topic),
    limits: PUBLISH_LIMITS,
    events: {
      acknowledged: (counts) => report.acknowledged(counts),
      retrying: (partition, detail) => report.waiting(`partition ${partition}: ${detail}`, publisher.counts),
      renewed: (partition, detail, mayDouble) => report.renewed(partition, detail, mayDouble),
    },
  });
  report.started();
  const pacer = createPacer(config.recordsPerSecond, performance.now());
  const stalled = (detail: string): void => report.waiting(detail, publisher.counts);
  try {
    await produce({ source, pacer, publisher, stalled }, stop);
  } finally {
    report.done(publisher.counts);
  }
  return publisher.counts.failed === 0;
}

/** Says what is wrong in a line or two on standard error and gives the exit code. */
function explain(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`[producer] ${error.message}\n`);
    return EXIT.wrongConfig;
  }
  if (error instanceof ProducerError) {
    process.stderr.write(`[producer] error: ${error.message}\n[producer] hint: ${error.hint}\n`);
    return EXIT.failed;
  }
  // Not foreseen, hence a defect: with its stack.
  process.stderr.write(`[producer] ${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT.defect;
}

const stop = createStop();
const onSignal = (): void => {
  if (stop.signal.aborted) process.exit(EXIT.interrupted);
  stop.abort();
};
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);

try {
  const isDelivered = await run(readConfig(process.env), stop.signal);
  process.exit(isDelivered ? EXIT.done : EXIT.failed);
} catch (error) {
  process.exit(explain(error));
}
