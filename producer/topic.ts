import type { Admin } from 'kafkajs';
import { brokerErrorType, describe, judge } from './delivery-error.ts';
import { pause, unlessAborted } from './pause.ts';
import { ProducerError } from './producer-error.ts';

const POLL_MS = 250;
/** A topic that is about to be created beside the producer's start is there well within this time. */
const TOPIC_TIMEOUT_MS = 60_000;

/** What {@link awaitTopic} asks and tells. */
interface TopicWait {
  readonly admin: Pick<Admin, 'connect' | 'fetchTopicMetadata' | 'disconnect'>;
  readonly topic: string;
  /** The brokers as the user wrote them, for messages. */
  readonly servers: string;
  readonly signal: AbortSignal;
  /** Called after each look that did not find the topic ready, with one line about why. */
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
 * Waits for a broker, however long it takes, and then for the topic, which is never created here.
 *
 * @returns the topic's number of partitions, or undefined when the signal was aborted first
 * @throws {ProducerError} when brokers answer and the topic is not there for a minute, or may not be seen, or the login is refused
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
      } else if (judge(error) === 'refused') {
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

/** By the name that kafkajs gives such an error, wrapped or not. */
function isLoginRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'KafkaJSSASLAuthenticationError' || isLoginRefused(error.cause);
}

const missingTopic = (topic: string, servers: string): ProducerError =>
  new ProducerError(
    `topic ${topic} does not exist on ${servers} after ${TOPIC_TIMEOUT_MS / 1000} s`,
    `create it with: kafka-topics --bootstrap-server ${servers} --create --topic ${topic} --partitions 3`,
  );
