import { kafka } from './kafka.ts';
import { kafkaInit } from './kafka-init.ts';
import { producer } from './producer.ts';
import { namesOf, type Service } from './service.ts';
import type { ServiceName } from './service-name.ts';
import { sparkMaster } from './spark-master.ts';
import { sparkStreaming } from './spark-streaming.ts';
import { sparkWorker } from './spark-worker.ts';
import { zookeeper } from './zookeeper.ts';

/**
 * The services in the order of their start, and the only place that names all. The plan, `status`,
 * `logs`, the ports that are looked at, the faults of `chaos` and the test of docker-compose.yml
 * are derived from this list.
 */
export const SERVICES: readonly Service[] = [
  zookeeper,
  kafka,
  kafkaInit,
  sparkMaster,
  sparkWorker,
  sparkStreaming,
  producer,
];

/** The names, in the order of the start. */
export const SERVICE_NAMES: readonly ServiceName[] = namesOf(SERVICES);
