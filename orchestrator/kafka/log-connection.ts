import { createRequire } from 'node:module';
import { logLevel } from 'kafkajs';
import type { IsolationLevel } from '../settings/setting-table.ts';
import type { Address } from '../util/ports.ts';
import { restIdleConnections } from './idle-connections.ts';

/*
 * Reads a partition by offset, as `kafka-console-consumer --partition` does. kafkajs offers only
 * consumer groups for reading. A group would stay behind in the broker, with the topic that keeps
 * the offsets of groups. So this file uses the parts that kafkajs's consumer is made of. They are
 * not in its types, and the lockfile pins its version. Its decoder of responses is not used: it
 * reports neither where a batch ends that compaction has emptied, nor the offset of a batch that it
 * cannot decompress.
 */

interface Encodable {
  readonly apiKey: number;
}

interface Broker {
  readonly connectionPool: {
    send<T>(call: {
      readonly request: Encodable;
      readonly response: { decode(answer: Buffer): Promise<T>; parse(decoded: T): Promise<T> };
      readonly requestTimeout: number;
    }): Promise<T>;
  };
  listOffsets(request: {
    readonly isolationLevel: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[];
    }[];
  }): Promise<{
    readonly responses: readonly {
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
    }[];
  }>;
  disconnect(): Promise<void>;
}

interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number }[];
  findLeaderForPartitions(
    topic: string,
    partitions: readonly number[],
  ): Readonly<Record<string, readonly number[]>>;
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
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): Error;
};
/**
 * Version 11, which brokers from 2.3 to the newest support. Older versions of the protocol cannot
 * carry zstd.
 */
const fetchRequest = require('kafkajs/src/protocol/requests/fetch/v11/request') as (
  request: Readonly<Record<string, unknown>>,
) => Encodable;

/** The numbers of the protocol. */
const LEVEL_NUMBERS: Readonly<Record<IsolationLevel, number>> = { read_uncommitted: 0, read_committed: 1 };
const NO_REPLICA = -1;
const EARLIEST = -2;
const LATEST = -1;
/** Compressed bytes of one response. A larger batch arrives whole. */
const FETCH_BYTES = 1024 * 1024;
const MAX_WAIT_MS = 500;
/** The time in addition to the broker's own wait. */
const REQUEST_TIMEOUT_MS = 10_000;

/** A connection for reading the log of one topic. */
export class LogConnection {
  readonly #cluster: Cluster;
  readonly #topic: string;

  constructor(address: Address, topic: string) {
    restIdleConnections();
    this.#topic = topic;
    this.#cluster = new ClusterOfKafkajs({
      logger: createLogger({ level: logLevel.NOTHING, logCreator: () => () => undefined }),
      socketFactory: socketFactory(),
      brokers: [`${address.host}:${address.port}`],
      clientId: 'medallion-stream-orchestrator',
      connectionTimeout: 2000,
      requestTimeout: REQUEST_TIMEOUT_MS,
      enforceRequestTimeout: true,
      retry: { retries: 0 },
      metadataMaxAge: 300_000,
      allowAutoTopicCreation: false,
    });
  }

  async connect(): Promise<void> {
    await this.#cluster.connect();
    await this.#cluster.addTargetTopic(this.#topic);
  }

  async disconnect(): Promise<void> {
    await this.#cluster.disconnect();
  }

  /** Refreshes which broker leads which partition. */
  async refresh(): Promise<void> {
    await this.#cluster.refreshMetadata();
  }

  /**
   * Fetches the log from an offset on. Batches arrive whole, so the first one may begin before the
   * offset. At the end of the log the result is empty, after half a second.
   * @throws the broker's error, with its `type`
   */
  async fetch(partition: number, offset: number, level: IsolationLevel): Promise<FetchedLog> {
    const [nodeId] = Object.keys(this.#cluster.findLeaderForPartitions(this.#topic, [partition]));
    if (nodeId === undefined) throw new Error(`partition ${partition} has no leader`);
    const broker = await this.#cluster.findBroker({ nodeId });
    const request = fetchRequest({
      replicaId: NO_REPLICA,
      isolationLevel: LEVEL_NUMBERS[level],
      maxWaitTime: MAX_WAIT_MS,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      topics: [
        {
          topic: this.#topic,
          partitions: [{ partition, fetchOffset: String(offset), maxBytes: FETCH_BYTES }],
        },
      ],
    });
    const response = {
      decode: async (answer: Buffer) => parseFetchResponse(answer),
      parse: async (fetched: FetchedLog) => fetched,
    };
    try {
      const requestTimeout = MAX_WAIT_MS + REQUEST_TIMEOUT_MS;
      const fetched = await broker.connectionPool.send({ request, response, requestTimeout });
      if (fetched.errorCode !== 0) throw createErrorFromCode(fetched.errorCode);
      return fetched;
    } catch (error) {
      if ((error as Error).name === 'KafkaJSConnectionClosedError') await broker.disconnect();
      throw error;
    }
  }

  /**
   * The first offset of each partition, or the one after the last that readers of a level can see.
   */
  async offsets(which: 'earliest' | IsolationLevel): Promise<ReadonlyMap<number, bigint>> {
    const partitions = this.#cluster.findTopicPartitionMetadata(this.#topic);
    const leaders = this.#cluster.findLeaderForPartitions(
      this.#topic,
      partitions.map(({ partitionId }) => partitionId),
    );
    const timestamp = which === 'earliest' ? EARLIEST : LATEST;
    const isolationLevel = LEVEL_NUMBERS[which === 'earliest' ? 'read_uncommitted' : which];
    const answers = await Promise.all(
      Object.entries(leaders).map(async ([nodeId, led]) => {
        const broker = await this.#cluster.findBroker({ nodeId });
        const asked = led.map((partition) => ({ partition, timestamp }));
        const topics = [{ topic: this.#topic, partitions: asked }];
        return (await broker.listOffsets({ isolationLevel, topics })).responses;
      }),
    );
    const found = answers.flat().flatMap(({ partitions: listed }) => listed);
    return new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)]));
  }
}

/** One partition's part of a broker's response to a fetch. */
export interface FetchedLog {
  readonly errorCode: number;
  /** Where the log ends for readers that also read uncommitted records. */
  readonly highWatermark: number;
  /** Where the first open transaction begins, or the high watermark when there is none. */
  readonly lastStableOffset: number;
  /**
   * Aborted transactions that overlap what was fetched, by their first offset. Empty for
   * `read_uncommitted`.
   */
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: number }[];
  /** Batches. The last one may be incomplete. */
  readonly log: Buffer;
  /** The broker asks for a pause of this length. It may have withheld records because of it. */
  readonly throttleMs: number;
}

/**
 * The response to a fetch of one partition, version 11: throttle_time_ms error_code session_id
 * [topic [partition error_code high_watermark last_stable_offset log_start_offset [producer_id
 * first_offset] preferred_read_replica record_set]]
 */
function parseFetchResponse(answer: Buffer): FetchedLog {
  let at = 0;
  const skip = (bytes: number): number => {
    at += bytes;
    return at - bytes;
  };
  const int16 = () => answer.readInt16BE(skip(2));
  const int32 = () => answer.readInt32BE(skip(4));
  const int64 = () => answer.readBigInt64BE(skip(8));

  const throttleMs = int32();
  const sessionError = int16();
  int32();
  const topics = int32();
  if (sessionError !== 0 || topics === 0) return { ...NOTHING, errorCode: sessionError, throttleMs };
  skip(int16());
  int32();
  int32();
  const errorCode = int16();
  const highWatermark = Number(int64());
  const lastStableOffset = Number(int64());
  int64();
  // The length -1 stands for none.
  const aborted = Array.from({ length: Math.max(0, int32()) }, () => {
    const producerId = int64();
    return { producerId, firstOffset: Number(int64()) };
  });
  int32();
  const bytes = Math.max(0, int32());
  return {
    errorCode,
    highWatermark,
    lastStableOffset,
    aborted: aborted.sort((a, b) => a.firstOffset - b.firstOffset),
    log: answer.subarray(at, at + bytes),
    throttleMs,
  };
}

const NOTHING = { highWatermark: -1, lastStableOffset: -1, aborted: [], log: Buffer.alloc(0) };
