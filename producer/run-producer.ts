import type { ProducerConfig } from './config.ts';
import { configuredStream } from './configured-stream.ts';
import type { AnswerKey } from './faults/answer-key.ts';
import { hasFaults } from './faults/fault-plan.ts';
import { openAnswerKey } from './faults/open-answer-key.ts';
import { createKafka, kafkaSessions } from './kafka-session.ts';
import { createPacer } from './pace.ts';
import { javaPartitioner } from './partitioner.ts';
import { produce } from './produce.ts';
import { NO_RECORDS, PUBLISH_LIMITS, Publisher } from './publish.ts';
import type { Report } from './report.ts';
import { awaitTopic } from './topic.ts';

/**
 * Feeds the topic until a limit is reached or `stop` is aborted.
 *
 * @returns whether every record that was generated has been acknowledged
 * @throws {ProducerError} when the topic is missing, the broker refuses, or the answer key cannot be written
 */
export async function runProducer(
  config: ProducerConfig,
  report: Report,
  stop: AbortSignal,
): Promise<boolean> {
  const { topic, answerKey: answerKeyPath } = config;
  const servers = config.bootstrapServers.join(',');
  report.connecting(servers, topic);
  const kafka = createKafka(config.bootstrapServers, config.security);
  const partitionCount = await awaitTopic({
    admin: kafka.admin(),
    topic,
    servers,
    signal: stop,
    waiting: (detail) => report.waiting(detail),
  });
  let answerKey: AnswerKey | undefined;
  if (hasFaults(config.plan)) {
    if (answerKeyPath === undefined) report.noAnswerKey();
    else answerKey = await openAnswerKey(answerKeyPath, stop, (detail) => report.waiting(detail));
  }
  if (partitionCount === undefined || stop.aborted) {
    report.done(NO_RECORDS);
    return true;
  }

  const publisher: Publisher = new Publisher({
    partitionCount,
    partitionOf: javaPartitioner(topic, partitionCount),
    openSession: kafkaSessions(kafka, topic),
    limits: PUBLISH_LIMITS,
    events: {
      placed: (partition, records, baseOffset) => answerKey?.placed(partition, records, baseOffset),
      acknowledged: (counts) => report.acknowledged(counts),
      abandoned: (partition, records) =>
        answerKey?.unknown(partition, records, 'not acknowledged before the end'),
      retrying: (partition, detail) => report.waiting(`partition ${partition}: ${detail}`, publisher.counts),
      renewed: (partition, detail, mayDouble) => {
        answerKey?.unknown(partition, mayDouble, `may be there twice: ${detail}`);
        report.renewed(partition, detail, mayDouble.length);
      },
    },
  });
  const { source, profile } = configuredStream(config, Date.now());
  report.started();
  const pacer = createPacer(config.recordsPerSecond, performance.now(), profile);
  const stalled = (detail: string): void => report.waiting(detail, publisher.counts);
  try {
    await produce({ source, pacer, publisher, stalled, limits: config.limits }, stop);
  } finally {
    report.done(publisher.counts);
    answerKey?.close();
  }
  return publisher.counts.failed === 0;
}
