import { settingsFor } from '../config/load-settings.ts';
import { notReady, type Probe, ready } from '../core/probe.ts';
import { withKafkaAdmin } from '../probes/kafka-admin.ts';
import { nodeLaunch } from '../runtime/local/commands/node-launch.ts';
import { kafka } from './kafka.ts';
import type { Service } from './service.ts';

/** Creates the topic if it is missing, once. */
export const kafkaInit: Service = {
  name: 'kafka-init',
  title: 'Topic',
  kind: 'one-shot',
  after: [kafka.name],
  ports: [],
  writesOutputs: false,
  readyTimeoutMs: 60_000,
  mayRestartBeforeReady: false,
  readiness: ({ addressOf, config }) => topicProbe(addressOf('KAFKA_PORT'), config.settings.KAFKA_TOPIC),
  finalExitCodes: [],
  knownCauses: [],
  faults: [],
  asProcess: {
    tools: [],
    folders: [],
    launch: (context) =>
      nodeLaunch(context, {
        script: 'orchestrator/stack/create-topic-main.ts',
        stopGraceMs: 5000,
        settings: settingsFor('kafka-init', context.config.settings),
      }),
  },
  inContainer: { image: 'pulled', volumes: [] },
};

/** Ready when the topic exists and each of its partitions has a leader. */
function topicProbe(address: { readonly host: string; readonly port: number }, topic: string): Probe {
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
