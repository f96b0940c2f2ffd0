import { randomUUID } from 'node:crypto';
import { type Admin, ConfigResourceTypes, Kafka, logLevel, type Message } from 'kafkajs';
import type { TestStack } from './test-stack.ts';

type TransactionEnd = 'commit' | 'abort';

/**
 * Sends records of any bytes to the stack's topic, and changes the topic without the job's
 * knowledge.
 */
export class TestClient {
  readonly #kafka: Kafka;
  readonly topic: string;

  constructor(stack: TestStack, topic = 'transactions') {
    this.topic = topic;
    this.#kafka = new Kafka({
      clientId: 'medallion-test',
      brokers: [`localhost:${stack.ports.KAFKA_PORT}`],
      logLevel: logLevel.NOTHING,
    });
  }

  /** Sends records one by one, each in the partition given, 0 by default. @returns their offsets */
  async send(messages: readonly Message[]): Promise<readonly number[]> {
    const producer = this.#kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    try {
      const offsets: number[] = [];
      for (const message of messages) {
        const [sent] = await producer.send({
          topic: this.topic,
          messages: [{ partition: 0, ...message }],
        });
        offsets.push(Number(sent?.baseOffset));
      }
      return offsets;
    } finally {
      await producer.disconnect();
    }
  }

  /** Sends records as one batch. */
  async sendBatch(messages: readonly Message[]): Promise<void> {
    const producer = this.#kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    try {
      await producer.send({ topic: this.topic, messages: [...messages] });
    } finally {
      await producer.disconnect();
    }
  }

  /**
   * Sends records in a transaction. @param end how it ends, or work that is done first and then
   * returns that
   */
  async transact(
    messages: readonly Message[],
    end: TransactionEnd | (() => Promise<TransactionEnd>),
  ): Promise<void> {
    const producer = this.#kafka.producer({
      ...{ transactionalId: `test-${randomUUID()}`, idempotent: true, maxInFlightRequests: 1 },
      transactionTimeout: 300_000,
    });
    await producer.connect();
    try {
      const transaction = await producer.transaction();
      await transaction.send({ topic: this.topic, messages: [...messages] });
      await transaction[typeof end === 'function' ? await end() : end]();
    } finally {
      await producer.disconnect();
    }
  }

  /**
   * Sets the configuration of the topic. Entries without a value here return to the broker's
   * default.
   */
  async configure(entries: Readonly<Record<string, string>>): Promise<void> {
    const configEntries = Object.entries(entries).map(([name, value]) => ({ name, value }));
    const resource = { type: ConfigResourceTypes.TOPIC, name: this.topic, configEntries };
    await this.admin((admin) => admin.alterConfigs({ validateOnly: false, resources: [resource] }));
  }

  async admin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  /** Where a partition ends. */
  async endOf(partition: number): Promise<number> {
    const offsets = await this.admin((admin) => admin.fetchTopicOffsets(this.topic));
    const found = offsets.find((at) => at.partition === partition);
    if (!found) throw new Error(`${this.topic} has no partition ${partition}`);
    return Number(found.high);
  }

  /** Deletes a partition's records before an offset, as retention does. */
  async deleteBefore(partition: number, offset: number): Promise<void> {
    await this.admin(async (admin) => {
      // The admin client looks for the leader before it has the topic's metadata. This call loads
      // it.
      await admin.fetchTopicOffsets(this.topic);
      await admin.deleteTopicRecords({
        topic: this.topic,
        partitions: [{ partition, offset: `${offset}` }],
      });
    });
  }

  /** Deletes the topic and creates another one with its name. */
  async recreate(): Promise<void> {
    await this.admin(async (admin) => {
      await admin.deleteTopics({ topics: [this.topic] });
      // A broker refuses the name until the former topic is deleted from its disk.
      for (let made = false; !made; ) {
        made = await admin
          .createTopics({ topics: [{ topic: this.topic, numPartitions: 3, replicationFactor: 1 }] })
          .catch(() => false);
      }
    });
  }
}
