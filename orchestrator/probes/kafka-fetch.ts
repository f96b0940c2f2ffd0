import { createRequire } from 'node:module';
import { logLevel } from 'kafkajs';
import type { Address } from '../runtime/runtime.ts';

/*
 * Reads a partition by offset, as `kafka-console-consumer --partition` does. What kafkajs offers for reading is consumer groups: one
 * would be left behind in the broker, with the topic that keeps their offsets. So this uses the parts that its consumer is made of;
 * they are not in its types, and its version is pinned by the lockfile.
 */

/** A record as kafkajs decodes it. */
interface DecodedMessage {
  /** A whole number as text. */
  readonly offset: string;
  /** Unix ms as text. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** A marker of a transaction, which no reader sees. */
  readonly isControlRecord?: boolean;
  readonly batchContext?: { readonly firstOffset: string; readonly lastOffsetDelta: number };
}

interface FetchRequest {
  readonly isolationLevel: number;
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly fetchOffset: string;
      readonly maxBytes: number;
    }[];
  }[];
}

interface Broker {
  fetch(request: FetchRequest): Promise<{
    readonly responses: readonly {
      readonly partitions: readonly { readonly messages: readonly DecodedMessage[] }[];
    }[];
  }>;
}

interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, unknown>>;
  findBroker(node: { readonly nodeId: string }): Promise<Broker>;
}

const require = createRequire(import.meta.url);
const ClusterOfKafkajs = require('kafkajs/src/cluster') as new (
  options: Readonly<Record<string, unknown>>,
) => Cluster;
const socketFactory = require('kafkajs/src/network/socketFactory') as () => unknown;
const { createLogger } = require('kafkajs/src/loggers') as {
  createLogger(options: { readonly level: logLevel; readonly logCreator: unknown }): unknown;
};

/** As Spark's Kafka source reads by default: also what a transaction has not committed. */
const READ_UNCOMMITTED = 0;
/** Compressed bytes of one answer; a batch that is larger comes whole. */
const FETCH_BYTES = 1024 * 1024;
const MAX_WAIT_MS = 500;

/** A connection for reading one topic. */
export class KafkaFetch {
  readonly #cluster: Cluster;
  readonly #topic: string;

  constructor(address: Address, topic: string) {
    this.#topic = topic;
    this.#cluster = new ClusterOfKafkajs({
      logger: createLogger({ level: logLevel.NOTHING, logCreator: () => () => undefined }),
      socketFactory: socketFactory(),
      brokers: [`${address.host}:${address.port}`],
      clientId: 'medallion-stream-orchestrator',
      connectionTimeout: 2000,
      requestTimeout: 10_000,
      enforceRequestTimeout: true,
      retry: { retries: 0 },
      metadataMaxAge: 300_000,
      allowAutoTopicCreation: false,
      isolationLevel: READ_UNCOMMITTED,
    });
  }

  async connect(): Promise<void> {
    await this.#cluster.connect();
    await this.#cluster.addTargetTopic(this.#topic);
  }

  async disconnect(): Promise<void> {
    await this.#cluster.disconnect();
  }

  /** Looks again which broker leads which partition. */
  async refresh(): Promise<void> {
    await this.#cluster.refreshMetadata();
  }

  /** Some records from an offset on, ascending; the first may lie before it, since batches come whole. Empty at the end. */
  async fetch(partition: number, offset: number): Promise<readonly DecodedMessage[]> {
    const [nodeId] = Object.keys(this.#cluster.findLeaderForPartitions(this.#topic, [partition]));
    if (nodeId === undefined) throw new Error(`partition ${partition} has no leader`);
    const broker = await this.#cluster.findBroker({ nodeId });
    const partitions = [{ partition, fetchOffset: String(offset), maxBytes: FETCH_BYTES }];
    const { responses } = await broker.fetch({
      isolationLevel: READ_UNCOMMITTED,
      maxWaitTime: MAX_WAIT_MS,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      topics: [{ topic: this.#topic, partitions }],
    });
    return responses[0]?.partitions[0]?.messages ?? [];
  }
}

/** The first offset after a fetched record's batch, if the record is the last that came. */
export function offsetAfter({ offset, batchContext }: DecodedMessage): number {
  // A compacted batch may end with offsets that hold no record any more.
  return batchContext
    ? Number(batchContext.firstOffset) + batchContext.lastOffsetDelta + 1
    : Number(offset) + 1;
}
