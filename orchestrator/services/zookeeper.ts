import { connect } from 'node:net';
import { join } from 'node:path';
import type { LaunchContext, ProcessLaunch, ServiceFolder } from '../runtimes/local/launch.ts';
import {
  JAVA_CRASH_FILES,
  javaProperties,
  KAFKA_LOGGING,
  KAFKA_LOGGING_FILE,
  serviceEnvironment,
} from '../runtimes/local/process-launch.ts';
import { JAVA_LOCALE_OPTIONS } from '../util/processes.ts';
import { notReady, type Probe, ready } from '../util/readiness.ts';
import { FINAL_EXIT_CODES, type Service } from './service.ts';

const NAME = 'zookeeper';

const CONFIG_FILE = 'zoo.cfg';

/**
 * org.apache.zookeeper.server.persistence: snapshots and transaction logs in a folder that is named
 * by the format's version.
 */
const VERSION_FILES = String.raw`(snapshot|log)\.[\da-f]+(\.\w+)?|(accepted|current)Epoch(\.tmp)?`;

const FOLDER: ServiceFolder = {
  name: NAME,
  title: "ZooKeeper's data",
  holds: 'topic',
  allowed: new RegExp(
    String.raw`^((zoo\.cfg|log4j\.properties)(\.\d+)?|${JAVA_CRASH_FILES}|(data|log)(/(myid|version-\d+(/(${VERSION_FILES}))?))?)$`,
  ),
};

/**
 * ZooKeeper 3.8, standalone. Kafka 3.9, the last version line that needs ZooKeeper, keeps its
 * metadata in it.
 */
export const zookeeper: Service = {
  name: NAME,
  title: 'ZooKeeper',
  kind: 'daemon',
  after: [],
  ports: [{ setting: 'ZOOKEEPER_PORT', serves: 'clients' }],
  writesOutputs: false,
  readyTimeoutMs: 60_000,
  mayRestartBeforeReady: false,
  readiness: (view) => zookeeperProbe(view.addressOf('ZOOKEEPER_PORT')),
  finalExitCodes: FINAL_EXIT_CODES,
  knownCauses: [],
  // Sessions are 6 s: the broker's zookeeper.session.timeout.ms.
  faults: [{ target: NAME, drawOrder: 6, longPauseMs: [8000, 20_000] }],
  asProcess: { tools: ['java', 'kafka-jars'], folders: [FOLDER], launch },
  inContainer: { image: 'pulled', volumes: ['zookeeper-data', 'zookeeper-log'] },
};

/**
 * Sends ZooKeeper the four-letter word `srvr`, which is on the default whitelist. A server that
 * serves answers with its mode. Source: ZooKeeper Administrator's Guide, "The Four Letter Words".
 */
export function zookeeperProbe(address: { readonly host: string; readonly port: number }): Probe {
  return {
    name: `ZooKeeper at ${address.host}:${address.port}`,
    async check(signal) {
      const answer = await ask(address, 'srvr', signal);
      const mode = /^Mode: (\w+)$/m.exec(answer)?.[1];
      if (mode) return ready(`serving, mode ${mode}`);
      const firstLine = answer.trim().split('\n')[0] ?? '';
      return notReady(
        firstLine === '' ? 'it closed the connection without an answer' : `it says: ${firstLine}`,
      );
    },
  };
}

function ask(
  address: { readonly host: string; readonly port: number },
  word: string,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ host: address.host, port: address.port, signal });
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(word));
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

/** ZooKeeper runs in its own folder, so that its files are named without that folder's path. */
function launch(context: LaunchContext): ProcessLaunch {
  const { config, layout } = context;
  const toolchain = context.toolchain();
  const folder = join(layout.runDir, FOLDER.name);
  return {
    command: join(toolchain.javaHome, 'bin', 'java'),
    args: [
      '-Xms32m',
      '-Xmx128m',
      '-XX:+UseSerialGC',
      // It handles a few requests a minute. The first compiler is enough and starts faster.
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
      `./${CONFIG_FILE}`,
    ],
    env: serviceEnvironment(config.environment, layout),
    cwd: folder,
    stopGraceMs: 10_000,
    folders: [layout.scratch, join(folder, 'data'), join(folder, 'log')],
    files: [
      { path: join(folder, KAFKA_LOGGING_FILE), content: KAFKA_LOGGING },
      {
        path: join(folder, CONFIG_FILE),
        content: javaProperties({
          tickTime: 1000,
          dataDir: './data',
          dataLogDir: './log',
          clientPort: config.settings.ZOOKEEPER_PORT,
          clientPortAddress: '127.0.0.1',
          // Its admin server would take port 8080, the Spark master's page.
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
