import { LogConnection } from '../../orchestrator/kafka/log-connection.ts';
import { rangesOf } from '../../orchestrator/kafka/topic.ts';
import type { IsolationLevel } from '../../orchestrator/settings/setting-table.ts';
import type { Address } from '../../orchestrator/util/ports.ts';

/** The range of a partition that readers see. Offsets are exact up to 2^53. */
export interface PartitionRange {
  readonly partition: number;
  readonly begin: number;
  readonly end: number;
}

/** How often the first offsets and the partitions are asked for: retention moves them slowly. */
const SLOW_MS = 30_000;

/** What a source of offsets needs of a connection. */
export type OffsetConnection = Pick<LogConnection, 'connect' | 'disconnect' | 'refresh' | 'offsets'>;

/**
 * The offsets of the topic, over one connection that stays open: a read is two small requests to
 * the broker. After an error the next read connects again.
 */
export class TopicSource {
  readonly #level: IsolationLevel;
  readonly #open: () => OffsetConnection;
  #connection: OffsetConnection | undefined;
  #begins: ReadonlyMap<number, bigint> = new Map();
  #slowAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    address: Address,
    topic: string,
    level: IsolationLevel,
    open: () => OffsetConnection = () => new LogConnection(address, topic),
  ) {
    this.#level = level;
    this.#open = open;
  }

  /** @throws kafkajs's error when the broker does not answer or does not have the topic */
  async read(): Promise<readonly PartitionRange[]> {
    try {
      const connection = this.#connection ?? (await this.#connect());
      const nowMs = performance.now();
      const isDue = nowMs - this.#slowAtMs >= SLOW_MS;
      if (isDue) await connection.refresh();
      // In this order: see `fetchTopicOffsets`.
      const logEnds = await connection.offsets('read_uncommitted');
      const ends = this.#level === 'read_uncommitted' ? logEnds : await connection.offsets(this.#level);
      if (isDue) this.#begins = await connection.offsets('earliest');
      if (isDue) this.#slowAtMs = nowMs;
      return rangesOf(logEnds, ends, this.#begins).map(({ partition, beginOffset, endOffset }) => ({
        partition,
        begin: Number(beginOffset),
        end: Number(endOffset),
      }));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#slowAtMs = Number.NEGATIVE_INFINITY;
    await connection?.disconnect().catch(() => undefined);
  }

  async #connect(): Promise<OffsetConnection> {
    const connection = this.#open();
    this.#connection = connection;
    await connection.connect();
    return connection;
  }
}
