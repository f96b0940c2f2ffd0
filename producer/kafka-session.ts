import { CompressionTypes, Kafka, logLevel, type Producer } from 'kafkajs';
import { encodedMessages } from './encoded-messages.ts';
import { useFastGzip } from './gzip-codec.ts';
import type { OutgoingRecord } from './record.ts';
import type { KafkaSecurity } from './security.ts';
import type { OpenSession, Session } from './session.ts';

const REQUEST_TIMEOUT_MS = 15_000;
const CONNECTION_TIMEOUT_MS = 3_000;
/**
 * One repetition inside kafkajs, the least it takes for an idempotent producer; the rest is ours, because
 * only we know that no other batch follows one that failed, which is what its warning about this is about.
 */
const RETRY = { initialRetryTime: 200, retries: 1 };

/** A client of these brokers. Its log is off: each of its failures reaches us as an error and is reported. */
export function createKafka(bootstrapServers: readonly string[], { ssl, sasl }: KafkaSecurity): Kafka {
  useFastGzip();
  return new Kafka({
    clientId: 'medallion-producer',
    brokers: [...bootstrapServers],
    ...(ssl && { ssl }),
    ...(sasl && { sasl }),
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY,
    logLevel: logLevel.NOTHING,
  });
}

class KafkaSession implements Session {
  readonly #producer: Producer;
  readonly #topic: string;

  constructor(producer: Producer, topic: string) {
    this.#producer = producer;
    this.#topic = topic;
  }

  async send(records: readonly OutgoingRecord[]): Promise<number | undefined> {
    const [answer] = await this.#producer.send({
      topic: this.#topic,
      acks: -1,
      timeout: REQUEST_TIMEOUT_MS,
      compression: CompressionTypes.GZIP,
      messages: encodedMessages(records),
    });
    const offset = Number(answer?.baseOffset ?? -1);
    return Number.isSafeInteger(offset) && offset >= 0 ? offset : undefined;
  }

  async reconnect(): Promise<void> {
    await this.#producer.disconnect();
    await this.connect();
  }

  /** The first time this also gets a producer id, later it only connects. */
  async connect(): Promise<void> {
    await this.#producer.connect();
    // Metadata warm-up: sending nothing loads the topic's metadata and sends nothing.
    await this.#producer.send({ topic: this.#topic, messages: [] });
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}

/**
 * Sessions of kafkajs's idempotent producer, one for each partition. kafkajs sends one request at a time to a
 * broker for each idempotent producer and repeats a request without holding its place in the sequence: shared
 * by partitions it would be slower, shared by batches under way it would lose some.
 */
export function kafkaSessions(kafka: Kafka, topic: string): OpenSession {
  return async (partition) => {
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      // Records are placed before they get here.
      createPartitioner: () => () => partition,
    });
    const session = new KafkaSession(producer, topic);
    try {
      await session.connect();
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  };
}
