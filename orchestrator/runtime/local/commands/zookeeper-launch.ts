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

/** ZooKeeper, standalone. It runs in its own folder, so that its files are named without that folder's path. */
export function zookeeperLaunch(config: StackConfig, layout: RunLayout, toolchain: Toolchain): ServiceLaunch {
  const folder = layout.zookeeper;
  return {
    spec: {
      name: 'zookeeper',
      kind: 'daemon',
      command: join(toolchain.javaHome, 'bin', 'java'),
      args: [
        '-Xms32m',
        '-Xmx128m',
        '-XX:+UseSerialGC',
        // It handles a few requests a minute: the first compiler is enough and starts faster.
        '-XX:TieredStopAtLevel=1',
        '-XX:+ExitOnOutOfMemoryError',
        ...JAVA_LOCALE_OPTIONS,
        '-Djava.net.preferIPv4Stack=true',
        `-Djava.io.tmpdir=${layout.scratch}`,
        `-Dlog4j.configuration=file:${KAFKA_LOGGING_FILE}`,
        '-Dzookeeper.jmx.log4j.disable=true',
        '-cp',
        join(toolchain.kafkaJars, '*'),
        'org.apache.zookeeper.server.quorum.QuorumPeerMain',
        './zoo.cfg',
      ],
      env: serviceEnvironment(config.environment, layout),
      cwd: folder,
      stopGraceMs: 10_000,
      restart: RESTART_POLICY,
    },
    folders: [layout.scratch, join(folder, 'data'), join(folder, 'log')],
    files: [
      { path: join(folder, KAFKA_LOGGING_FILE), content: KAFKA_LOGGING },
      {
        path: join(folder, 'zoo.cfg'),
        content: javaProperties({
          tickTime: 1000,
          dataDir: './data',
          dataLogDir: './log',
          clientPort: config.settings.ZOOKEEPER_PORT,
          clientPortAddress: '127.0.0.1',
          // It would take port 8080, the Spark master's page.
          'admin.enableServer': false,
          '4lw.commands.whitelist': 'srvr',
          // Snapshots and transaction logs are never deleted by default.
          'autopurge.snapRetainCount': 3,
          'autopurge.purgeInterval': 1,
        }),
      },
    ],
  };
}
