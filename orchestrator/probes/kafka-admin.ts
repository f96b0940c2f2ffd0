import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { Address } from '../core/address.ts';

/**
 * Runs one piece of work with a connected admin client and disconnects it. Nothing is retried here: who asks decides
 * whether and when to ask again. kafkajs cannot be aborted, so an abort leaves the attempt to its own short time-outs.
 */
export async function withKafkaAdmin<T>(
  address: Address,
  work: (admin: Admin) => Promise<T>,
  requestTimeoutMs = 5000,
): Promise<T> {
  const kafka = new Kafka({
    clientId: 'medallion-stream-orchestrator',
    brokers: [`${address.host}:${address.port}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2000,
    requestTimeout: requestTimeoutMs,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
