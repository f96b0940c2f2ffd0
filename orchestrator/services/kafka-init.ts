import type { Admin } from 'kafkajs';
import { withKafkaAdmin } from '../kafka/topic.ts';
import { nodeLaunch } from '../runtimes/local/process-launch.ts';
import { type StackTopic, stackTopic, type TopicOwner } from '../settings/stack-topic.ts';
import type { Address } from '../util/ports.ts';
import { ProductError } from '../util/product-error.ts';
import { notReady, type Probe, ready } from '../util/readiness.ts';
import { userCommand } from '../util/user-command.ts';
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
  readiness: ({ addressOf, config }) => topicProbe(addressOf('KAFKA_PORT'), config),
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
        settings: topicSettings(context.config),
      }),
  },
  inContainer: { image: 'pulled', volumes: [] },
};

function topicSettings(config: TopicOwner): Readonly<Record<string, string>> {
  const { name, partitions } = stackTopic(config);
  return { KAFKA_TOPIC: name, KAFKA_TOPIC_PARTITIONS: String(partitions) };
}

/**
 * Ready when the topic exists and each of its partitions has a leader. The pipeline is read only
 * when it is asked: `status` shows the services even where the pipeline is damaged.
 */
function topicProbe(address: Address, config: TopicOwner): Probe {
  return {
    name: 'the topic',
    check: () =>
      withKafkaAdmin(address, async (admin) => {
        const topic = stackTopic(config).name;
        if (!(await admin.listTopics()).includes(topic)) return notReady(`${topic} does not exist`);
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

/** A busy broker may need long to create a topic. A repeated request would not make it faster. */
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Creates the topic if it is missing, as `kafka-topics --create --if-not-exists` does. An existing
 * topic is left as it is.
 * @returns one line on what was found or created
 */
export async function createTopic(address: Address, topic: StackTopic): Promise<string> {
  const { name, partitions } = topic;
  const work = async (admin: Admin): Promise<string> => {
    const created = await admin.createTopics({
      topics: [{ topic: name, numPartitions: partitions, replicationFactor: 1 }],
      waitForLeaders: false,
      timeout: REQUEST_TIMEOUT_MS,
    });
    if (created) return `created topic ${name} with ${partitions} partitions`;
    const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
    const found = topics[0]?.partitions.length;
    if (found === undefined) {
      throw new ProductError('STEP_FAILED', {
        message: `Topic ${name} was neither created nor found.`,
        hint: `See \`${userCommand('logs', kafka.name)}\`.`,
      });
    }
    const difference = found === partitions ? '' : `, not KAFKA_TOPIC_PARTITIONS=${partitions}`;
    return `topic ${name} is there with ${found} partitions${difference}`;
  };
  return withKafkaAdmin(address, work, REQUEST_TIMEOUT_MS);
}
