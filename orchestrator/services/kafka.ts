import { join } from 'node:path';
import { withKafkaAdmin } from '../kafka/topic.ts';
import type { LaunchContext, ProcessLaunch, ServiceFolder } from '../runtimes/local/launch.ts';
import {
  JAVA_CRASH_FILES,
  javaProperties,
  KAFKA_LOGGING,
  KAFKA_LOGGING_FILE,
  serviceEnvironment,
} from '../runtimes/local/process-launch.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { JAVA_LOCALE_OPTIONS } from '../util/processes.ts';
import { notReady, type Probe, ready } from '../util/readiness.ts';
import { userCommand } from '../util/user-command.ts';
import { FINAL_EXIT_CODES, type Service } from './service.ts';
import { zookeeper } from './zookeeper.ts';

const NAME = 'kafka';

/**
 * org.apache.kafka.storage.internals.log.LogFileUtils, kafka.log.LogManager: one folder per
 * partition, with several files per segment.
 */
const DATA = String.raw`\.lock|\.kafka_cleanshutdown|meta\.properties|[\w-]+-checkpoint`;
const PARTITION = String.raw`[\w.-]+-\d+(\.[\da-f]+-(delete|stray|future))?`;
/**
 * Kafka writes the offsets in a segment's name with the digits of its locale. Ours are ASCII since
 * the locale is fixed; older data may have others.
 */
const SEGMENT = String.raw`[\w.\-\p{Nd}]+\.(log|index|timeindex|txnindex|snapshot)(\.(deleted|cleaned|swap))?|leader-epoch-checkpoint|partition\.metadata`;

const FOLDER: ServiceFolder = {
  name: NAME,
  title: "Kafka's data",
  holds: 'topic',
  allowed: new RegExp(
    String.raw`^((server\.properties|log4j\.properties)(\.\d+)?|${JAVA_CRASH_FILES}|data(/((${DATA})(\.tmp)?|${PARTITION}(/(${SEGMENT})(\.tmp)?)?))?)$`,
    'u',
  ),
};

/** Kafka 3.9: one broker, reached as localhost from this machine. */
export const kafka: Service = {
  name: NAME,
  title: 'Kafka',
  kind: 'daemon',
  after: [zookeeper.name],
  ports: [{ setting: 'KAFKA_PORT', serves: 'clients' }],
  writesOutputs: false,
  readyTimeoutMs: 120_000,
  // After an unclean stop ZooKeeper keeps the broker's ephemeral node until that session is over.
  // Starts fail until then.
  mayRestartBeforeReady: true,
  readiness: (view) => kafkaProbe(view.addressOf('KAFKA_PORT')),
  finalExitCodes: FINAL_EXIT_CODES,
  knownCauses: [
    {
      sign: /InconsistentClusterId|Invalid cluster\.id/,
      cause:
        "Kafka's data belongs to another cluster than ZooKeeper's (Invalid cluster.id): one of the two was deleted alone",
      hint: `\`${userCommand('reset')}\` wipes topic, outputs and both services' data together, and starts afresh.`,
    },
  ],
  faults: [{ target: 'broker', drawOrder: 5, longPauseMs: [8000, 40_000] }],
  asProcess: { tools: ['java', 'kafka-jars'], folders: [FOLDER], launch },
  inContainer: { image: 'pulled', volumes: ['kafka-data'] },
};

/** Ready when the broker serves metadata of a cluster that has a controller. */
export function kafkaProbe(address: { readonly host: string; readonly port: number }): Probe {
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

/**
 * The broker runs in its own folder: `log.dirs` is split at commas, which a relative path cannot
 * have.
 */
function launch(context: LaunchContext): ProcessLaunch {
  const { config, layout } = context;
  const toolchain = context.toolchain();
  const folder = join(layout.runDir, FOLDER.name);
  return {
    command: join(toolchain.javaHome, 'bin', 'java'),
    args: [
      '-Xms256m',
      '-Xmx512m',
      '-XX:+UseSerialGC',
      '-XX:+ExitOnOutOfMemoryError',
      '-Djava.awt.headless=true',
      ...JAVA_LOCALE_OPTIONS,
      '-Djava.net.preferIPv4Stack=true',
      `-Djava.io.tmpdir=${layout.scratch}`,
      `-Dlog4j.configuration=file:${KAFKA_LOGGING_FILE}`,
      '-cp',
      join(toolchain.kafkaJars, '*'),
      'kafka.Kafka',
      'server.properties',
    ],
    env: serviceEnvironment(config.environment, layout),
    cwd: folder,
    stopGraceMs: 30_000,
    // A start that fails on a full disk leaves this file and half-written indexes. The next start
    // would date every record to 1970, and its retention would delete them.
    cleanShutdownFile: join(folder, 'data', '.kafka_cleanshutdown'),
    folders: [layout.scratch, join(folder, 'data')],
    files: [
      { path: join(folder, KAFKA_LOGGING_FILE), content: KAFKA_LOGGING },
      { path: join(folder, 'server.properties'), content: serverProperties(config) },
    ],
  };
}

function serverProperties({ settings }: StackConfig): string {
  return javaProperties({
    'broker.id': 1,
    'zookeeper.connect': `127.0.0.1:${settings.ZOOKEEPER_PORT}`,
    // After an unclean stop ZooKeeper keeps the broker's node until its session is over. Starts
    // fail until then.
    'zookeeper.session.timeout.ms': 6000,
    'zookeeper.connection.timeout.ms': 15_000,
    listeners: `EXTERNAL://127.0.0.1:${settings.KAFKA_PORT}`,
    'advertised.listeners': `EXTERNAL://localhost:${settings.KAFKA_PORT}`,
    'listener.security.protocol.map': 'EXTERNAL:PLAINTEXT',
    'inter.broker.listener.name': 'EXTERNAL',
    'log.dirs': 'data',
    'auto.create.topics.enable': false,
    // The single broker holds the only copy of everything.
    'default.replication.factor': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'controlled.shutdown.retry.backoff.ms': 1000,
    // The cleaner takes this from the heap at once; only Kafka's own small topics are compacted.
    'log.cleaner.dedupe.buffer.size': 8 * 1024 * 1024,
  });
}
