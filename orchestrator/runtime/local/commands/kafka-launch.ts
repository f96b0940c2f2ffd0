import { join } from 'node:path';
import type { StackConfig } from '../../../config/stack-config.ts';
import type { RunLayout } from '../run-layout.ts';
import type { Toolchain } from '../toolchain.ts';
import { JAVA_LOCALE_OPTIONS } from '../utf8-locale.ts';
import { javaProperties } from './java-properties.ts';
import { KAFKA_LOGGING, KAFKA_LOGGING_FILE } from './kafka-logging.ts';
import { RESTART_POLICY } from './restart-policy.ts';
import { serviceEnvironment } from './service-environment.ts';
import type { ServiceLaunch } from './service-launch.ts';

/** The broker. It runs in its own folder: `log.dirs` is split at commas, which a relative path cannot have. */
export function kafkaLaunch(config: StackConfig, layout: RunLayout, toolchain: Toolchain): ServiceLaunch {
  const folder = layout.kafka;
  return {
    spec: {
      name: 'kafka',
      kind: 'daemon',
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
      // A start that fails on a full disk leaves it, and half-made indexes: the next one would take every record to be
      // of 1970, and its retention would delete them.
      cleanShutdownFile: join(folder, 'data', '.kafka_cleanshutdown'),
      restart: RESTART_POLICY,
    },
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
    // After an unclean stop ZooKeeper holds the broker's node until its session is over: start fails until then.
    'zookeeper.session.timeout.ms': 6000,
    'zookeeper.connection.timeout.ms': 15_000,
    listeners: `EXTERNAL://127.0.0.1:${settings.KAFKA_PORT}`,
    'advertised.listeners': `EXTERNAL://localhost:${settings.KAFKA_PORT}`,
    'listener.security.protocol.map': 'EXTERNAL:PLAINTEXT',
    'inter.broker.listener.name': 'EXTERNAL',
    'log.dirs': 'data',
    'auto.create.topics.enable': false,
    // One broker holds the only copy of everything.
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
