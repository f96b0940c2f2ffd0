import type { Settings } from '../settings/setting-table.ts';
import { dashboard } from './dashboard.ts';
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
 * All services in start order. This is the only place that names all of them. The plan, `status`,
 * `logs`, the port checks, the faults of `chaos` and the test of docker-compose.yml are derived
 * from this list.
 */
export const SERVICES: readonly Service[] = [
  zookeeper,
  kafka,
  kafkaInit,
  sparkMaster,
  sparkWorker,
  sparkStreaming,
  producer,
  dashboard,
];

/** The services that a stack with these settings has. */
export function servicesWith(settings: Settings): readonly Service[] {
  return SERVICES.filter(({ isPartOf }) => isPartOf?.(settings) ?? true);
}

/** The names, in start order. */
export const SERVICE_NAMES: readonly ServiceName[] = namesOf(SERVICES);
