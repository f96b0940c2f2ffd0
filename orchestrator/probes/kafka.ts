import { notReady, type Probe, ready } from '../core/probe.ts';
import type { Address } from '../runtime/runtime.ts';
import { withKafkaAdmin } from './kafka-admin.ts';

/** Ready when the broker serves metadata of a cluster that has a controller. */
export function kafkaProbe(address: Address): Probe {
  return {
    name: `Kafka at ${address.host}:${address.port}`,
    check: () =>
      withKafkaAdmin(address, async (admin) => {
        const { brokers, controller } = await admin.describeCluster();
        if (brokers.length === 0) return notReady('it serves metadata without a broker');
        if (controller === null || controller < 0) return notReady('the cluster has no controller yet');
        return ready(`${brokers.length} broker${brokers.length === 1 ? '' : 's'}, controller ${controller}`);
      }),
  };
}

/** Ready when the topic exists and each of its partitions has a leader. */
export function topicProbe(address: Address, topic: string): Probe {
  return {
    name: `topic ${topic}`,
    check: () =>
      withKafkaAdmin(address, async (admin) => {
        if (!(await admin.listTopics()).includes(topic)) return notReady('it does not exist');
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        const partitions = topics.flatMap((found) => found.partitions);
        const leaderless = partitions.filter((partition) => partition.leader < 0);
        if (leaderless.length > 0) {
          return notReady(`no leader for partition ${leaderless.map((p) => p.partitionId).join(', ')}`);
        }
        return ready(
          `${partitions.length} partition${partitions.length === 1 ? '' : 's'}, each with a leader`,
        );
      }),
  };
}
