/**
 * The services in the order of their start. The plan, `status`, `logs` and the test of docker-compose.yml are derived from
 * this table.
 */
export const SERVICES = [
  { name: 'zookeeper', kind: 'daemon', after: [], title: 'ZooKeeper' },
  { name: 'kafka', kind: 'daemon', after: ['zookeeper'], title: 'Kafka' },
  { name: 'kafka-init', kind: 'one-shot', after: ['kafka'], title: 'Topic' },
  { name: 'spark-master', kind: 'daemon', after: [], title: 'Spark master' },
  { name: 'spark-worker', kind: 'daemon', after: ['spark-master'], title: 'Spark worker' },
  { name: 'spark-streaming', kind: 'daemon', after: ['kafka-init', 'spark-worker'], title: 'Streaming job' },
  { name: 'producer', kind: 'daemon', after: ['kafka-init'], title: 'Producer' },
] as const satisfies readonly {
  name: string;
  /** A daemon is restarted when it ends; a one-shot runs to its end once. */
  kind: 'daemon' | 'one-shot';
  /** Services that must be ready before it starts. */
  after: readonly string[];
  title: string;
}[];

/** The same names in every runtime, in docker-compose.yml, `status` and logs. */
export type ServiceName = (typeof SERVICES)[number]['name'];

/** The names, in the order of the start. */
export const SERVICE_NAMES: readonly ServiceName[] = SERVICES.map((service) => service.name);
