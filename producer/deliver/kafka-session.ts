import {
  type Admin,
  CompressionTypes,
  Kafka,
  logLevel,
  Partitioners,
  type PartitionMetadata,
  type Producer,
} from 'kafkajs';
import { restIdleConnections } from '../../orchestrator/kafka/idle-connections.ts';
import { ProducerError } from '../errors.ts';
import { brokerErrorType, classifyError, describe, type OpenSession, type Session } from './delivery.ts';
import type { KafkaRecord } from './kafka-record.ts';
import { pause, unlessAborted } from './pace.ts';
import { encodedMessages, useFastGzip } from './record-encoding.ts';
import type { KafkaSecurity } from './security.ts';

const REQUEST_TIMEOUT_MS = 15_000;
const CONNECTION_TIMEOUT_MS = 3_000;
/**
 * One retry inside kafkajs, the minimum for an idempotent producer. All other retries are ours,
 * because only this code ensures that no other batch follows a failed one. kafkajs's warning about
 * idempotence and retries is about that case.
 */
const RETRY = { initialRetryTime: 200, retries: 1 };

/**
 * A client of these brokers. Its log is off, because each of its failures becomes an error here and
 * is reported.
 */
export function createKafka(bootstrapServers: readonly string[], { ssl, sasl }: KafkaSecurity): Kafka {
  useFastGzip();
  restIdleConnections();
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

  async send(records: readonly KafkaRecord[]): Promise<number | undefined> {
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

  /** The first call also gets a producer id. Later calls only connect. */
  async connect(): Promise<void> {
    await this.#producer.connect();
    // Metadata warm-up: an empty send loads the topic's metadata and sends no records.
    await this.#producer.send({ topic: this.#topic, messages: [] });
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}

/**
 * Sessions of kafkajs's idempotent producer, one for each partition. kafkajs sends one request at a
 * time to a broker for each idempotent producer, and repeats a request without keeping its place in
 * the sequence. A producer shared by partitions would be slower. One shared by concurrent batches
 * would lose some.
 */
export function kafkaSessions(kafka: Kafka, topic: string): OpenSession {
  return async (partition) => {
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      // The partition of each record is chosen before this point.
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

const POLL_MS = 250;
/** A topic that is created while the producer starts exists well within this time. */
const TOPIC_TIMEOUT_MS = 60_000;

/** The input and output of {@link awaitTopic}. */
interface TopicWait {
  readonly admin: Pick<Admin, 'connect' | 'fetchTopicMetadata' | 'disconnect'>;
  readonly topic: string;
  /** The brokers as the user wrote them, for messages. */
  readonly servers: string;
  readonly signal: AbortSignal;
  /** Called after each check that did not find the topic ready, with one line about why. */
  readonly waiting: (detail: string) => void;
}

/** How many partitions the topic has once each has a leader; otherwise why it is not ready. */
async function lookUp({ admin, topic }: TopicWait): Promise<number | string> {
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.disconnect();
  const partitions = topics.find(({ name }) => name === topic)?.partitions ?? [];
  const leaderless = partitions.filter(({ leader }) => leader < 0).map(({ partitionId }) => partitionId);
  if (partitions.length === 0) return `topic ${topic} has no partitions yet`;
  return leaderless.length === 0
    ? partitions.length
    : `partitions ${leaderless.join(', ')} have no leader yet`;
}

/**
 * Waits for a broker without a time limit, and then for the topic, which is never created here.
 *
 * @returns the topic's number of partitions, or undefined when the signal was aborted first
 * @throws {ProducerError} when brokers answer but the topic is not there for a minute, or may not
 * be seen, or the login is refused
 */
export async function awaitTopic(wait: TopicWait): Promise<number | undefined> {
  const { topic, servers, signal } = wait;
  let missingSinceMs: number | undefined;
  while (!signal.aborted) {
    try {
      const found = await unlessAborted(lookUp(wait), signal);
      if (typeof found === 'number') return found;
      if (found !== undefined) wait.waiting(found);
    } catch (error) {
      if (brokerErrorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') {
        missingSinceMs ??= performance.now();
        const missingMs = performance.now() - missingSinceMs;
        if (missingMs >= TOPIC_TIMEOUT_MS) throw missingTopic(topic, servers);
        const seconds = Math.round((TOPIC_TIMEOUT_MS - missingMs) / 1000);
        wait.waiting(`topic ${topic} does not exist on ${servers}; giving up in ${seconds} s`);
      } else if (classifyError(error) === 'refused') {
        throw new ProducerError(
          `${servers} refused to describe topic ${topic}: ${describe(error)}`,
          'check KAFKA_TOPIC and the rights of this client',
          { cause: error },
        );
      } else if (isLoginRefused(error)) {
        throw new ProducerError(
          `${servers} refused the login: ${describe(error)}`,
          'check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
          { cause: error },
        );
      } else {
        wait.waiting(`no broker answers at ${servers}: ${describe(error)}`);
      }
    }
    await pause(POLL_MS, signal);
  }
  return undefined;
}

/** By kafkajs's name of such an error, wrapped or not. */
function isLoginRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'KafkaJSSASLAuthenticationError' || isLoginRefused(error.cause);
}

const missingTopic = (topic: string, servers: string): ProducerError =>
  new ProducerError(
    `topic ${topic} does not exist on ${servers} after ${TOPIC_TIMEOUT_MS / 1000} s`,
    `create it with: kafka-topics --bootstrap-server ${servers} --create --topic ${topic} --partitions 3`,
  );

/** The partition of a key; null for a record without one. */
export type PartitionOf = (key: string | null) => number;

/** Keys whose partitions are remembered. Files may have a key of its own for each record. */
const KNOWN_KEYS = 100_000;

/**
 * Assigns keys to partitions as the Java client does (murmur2 of the key), and records without a
 * key to the partitions in turn, for the number of partitions that a topic has at the start. A repeated batch must go to the same partition, even if
 * partitions were added in the meantime.
 */
export function javaPartitioner(topic: string, partitionCount: number): PartitionOf {
  const place = Partitioners.DefaultPartitioner();
  const partitionMetadata: PartitionMetadata[] = Array.from({ length: partitionCount }, (_, partitionId) => ({
    partitionId,
    partitionErrorCode: 0,
    leader: 0,
    replicas: [],
    isr: [],
  }));
  // kafkajs computes the hash in 64-bit objects. Cards are few and repeat, so results are cached.
  const known = new Map<string, number>();
  let turn = 0;
  return (key) => {
    if (key === null) return turn++ % partitionCount;
    const partition = known.get(key) ?? place({ topic, partitionMetadata, message: { key, value: null } });
    if (known.size >= KNOWN_KEYS) known.clear();
    known.set(key, partition);
    return partition;
  };
}
