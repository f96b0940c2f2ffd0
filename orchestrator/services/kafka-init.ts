import type { Admin } from 'kafkajs';
import { withKafkaAdmin } from '../kafka/topic.ts';
import { nodeLaunch } from '../runtimes/local/process-launch.ts';
import { settingsFor } from '../settings/load-settings.ts';
import type { Address } from '../util/ports.ts';
import { ProductError } from '../util/product-error.ts';
import { notReady, type Probe, ready } from '../util/readiness.ts';
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
        script: 'orchestrator/services/create-topic-main.ts',
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

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
}

/** A busy broker may need long to create a topic. A repeated request would not make it faster. */
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Creates the topic if it is missing, as `kafka-topics --create --if-not-exists` does. An existing
 * topic is left as it is.
 * @returns one line on what was found or created
 */
export async function createTopic(address: Address, spec: TopicSpec): Promise<string> {
  const work = async (admin: Admin): Promise<string> => {
    const created = await admin.createTopics({
      topics: [{ topic: spec.topic, numPartitions: spec.partitions, replicationFactor: 1 }],
      waitForLeaders: false,
      timeout: REQUEST_TIMEOUT_MS,
    });
    if (created) return `created topic ${spec.topic} with ${spec.partitions} partitions`;
    const { topics } = await admin.fetchTopicMetadata({ topics: [spec.topic] });
    const found = topics[0]?.partitions.length;
    if (found === undefined) {
      throw new ProductError('STEP_FAILED', {
        message: `Topic ${spec.topic} was neither created nor found.`,
        hint: `See \`npm run logs -- ${kafka.name}\`.`,
      });
    }
    const difference = found === spec.partitions ? '' : `, not KAFKA_TOPIC_PARTITIONS=${spec.partitions}`;
    return `topic ${spec.topic} is there with ${found} partitions${difference}`;
  };
  return withKafkaAdmin(address, work, REQUEST_TIMEOUT_MS);
}
