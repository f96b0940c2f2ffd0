import { ConfigError, type ProducerConfig, readConfig } from './config.ts';
import { createRecordSource } from './generate.ts';
import { createKafka, kafkaSessions } from './kafka-session.ts';
import { createPacer } from './pace.ts';
import { javaPartitioner } from './partitioner.ts';
import { createPopulation } from './population.ts';
import { produce } from './produce.ts';
import { ProducerError } from './producer-error.ts';
import { PUBLISH_LIMITS, Publisher } from './publish.ts';
import { seededRandom, seedFromSystem } from './random.ts';
import { Report } from './report.ts';
import { awaitTopic } from './topic.ts';

const EXIT = { done: 0, wrongConfig: 2, failed: 4, interrupted: 130 } as const;

/** Reports on stdout, stops at the signal. Resolves to the exit code. */
async function run(config: ProducerConfig, stop: AbortSignal): Promise<number> {
  const report = new Report({
    write: (line) => process.stdout.write(`${line}\n`),
    nowMs: () => performance.now(),
  });
  const servers = config.bootstrapServers.join(',');
  report.connecting(servers, config.topic);
  const kafka = createKafka(config.bootstrapServers);
  const admin = kafka.admin();
  const source = createRecordSource(createPopulation(), seededRandom(seedFromSystem()));
  const partitionCount = await awaitTopic({
    admin,
    topic: config.topic,
    servers,
    signal: stop,
    waiting: (detail) => report.waiting(detail),
  });
  void admin.disconnect();
  if (partitionCount === undefined) {
    report.done({ sent: 0, acknowledged: 0, failed: 0, buffered: 0, bufferedBytes: 0 });
    return EXIT.done;
  }
  const publisher = new Publisher({
    partitionCount,
    partitionOf: javaPartitioner(config.topic, partitionCount),
    openSession: kafkaSessions(kafka, config.topic),
    limits: PUBLISH_LIMITS,
    events: {
      acknowledged: (counts) => report.acknowledged(counts),
      retrying: (partition, detail) => report.waiting(`partition ${partition}: ${detail}`, publisher.counts),
      renewed: (partition, detail, mayDouble) =>
        report.notice(
          `partition ${partition}: new producer id, up to ${mayDouble} records twice (${detail})`,
        ),
    },
  });
  await publisher.warmUp(stop);
  report.started();
  const pacer = createPacer(config.recordsPerSecond, performance.now());
  const stalled = (detail: string): void => report.waiting(detail, publisher.counts);
  try {
    await produce({ source, pacer, publisher, stalled }, stop);
  } finally {
    report.done(publisher.counts);
  }
  return publisher.counts.failed === 0 ? EXIT.done : EXIT.failed;
}

/** An expected error in a line or two on stderr, and its exit code; anything else is a defect and is thrown. */
function explain(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`[producer] ${error.message}\n`);
    return EXIT.wrongConfig;
  }
  if (error instanceof ProducerError) {
    process.stderr.write(`[producer] error: ${error.message}\n[producer] hint: ${error.hint}\n`);
    return EXIT.failed;
  }
  throw error;
}

const stop = new AbortController();
const onSignal = (): void => {
  if (stop.signal.aborted) process.exit(EXIT.interrupted);
  stop.abort();
};
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);

process.exit(await (async () => run(readConfig(process.env), stop.signal))().catch(explain));
