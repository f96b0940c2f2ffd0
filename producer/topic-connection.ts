import type { ProducerConfig } from './config.ts';
import type { KafkaRecord } from './deliver/kafka-record.ts';
import { awaitTopic, createKafka, javaPartitioner, kafkaSessions } from './deliver/kafka-session.ts';
import { PUBLISH_LIMITS, Publisher } from './deliver/publish.ts';
import type { Report } from './report.ts';

/** Is told where records are in the topic, or that this is unknown. The answer key is one. */
interface PlaceListener<R> {
  placed(partition: number, records: readonly R[], baseOffset: number | undefined): void;
  unknown(partition: number, records: readonly R[], why: string): void;
}

/** A topic that exists, on brokers that answer. */
export interface TopicConnection {
  /** Makes a publisher of records to the topic, which tells the report what happens to them. */
  publisher<R extends KafkaRecord>(places?: PlaceListener<R>): Publisher<R>;
}

/**
 * Connects to the brokers and waits for the topic.
 *
 * @returns undefined when `stop` was aborted first
 * @throws {ProducerError} when the brokers refuse
 */
export async function connectToTopic(
  { bootstrapServers, security }: ProducerConfig,
  topic: string,
  report: Report,
  stop: AbortSignal,
): Promise<TopicConnection | undefined> {
  const servers = bootstrapServers.join(',');
  report.connecting(servers, topic);
  const kafka = createKafka(bootstrapServers, security);
  const partitionCount = await awaitTopic({
    admin: kafka.admin(),
    topic,
    servers,
    signal: stop,
    waiting: (detail) => report.waiting(detail),
  });
  if (partitionCount === undefined) return undefined;
  return {
    publisher<R extends KafkaRecord>(places?: PlaceListener<R>): Publisher<R> {
      const publisher: Publisher<R> = new Publisher<R>({
        partitionCount,
        partitionOf: javaPartitioner(topic, partitionCount),
        openSession: kafkaSessions(kafka, topic),
        limits: PUBLISH_LIMITS,
        events: {
          placed: (partition, records, baseOffset) => places?.placed(partition, records, baseOffset),
          acknowledged: (counts) => report.acknowledged(counts),
          abandoned: (partition, records) =>
            places?.unknown(partition, records, 'not acknowledged before the end'),
          retrying: (partition, detail) =>
            report.waiting(`partition ${partition}: ${detail}`, publisher.counts),
          renewed: (partition, detail, mayDouble) => {
            places?.unknown(partition, mayDouble, `may be there twice: ${detail}`);
            report.renewed(partition, detail, mayDouble.length);
          },
        },
      });
      return publisher;
    },
  };
}
