import { delimiter, join } from 'node:path';
import type { StackConfig } from '../../../config/stack-config.ts';
import { namelessUserOptions } from '../nameless-user/nameless-user.ts';
import type { RunLayout } from '../run-layout.ts';
import type { Toolchain } from '../toolchain.ts';
import { JAVA_LOCALE_OPTIONS } from '../utf8-locale.ts';
import { RESTART_POLICY } from './restart-policy.ts';
import type { ServiceLaunch } from './service-launch.ts';
import { sparkEnvironment, sparkLogging } from './spark-environment.ts';

/** How long a worker keeps the folder (jars, executor logs) of an application that has ended, and how often it looks. */
const WORK_TTL_SECONDS = 3600;
const WORK_CHECK_SECONDS = 600;

/** Executors' own output in the work folder: per executor, two files of 5 MiB each for stdout and stderr. */
const EXECUTOR_LOG_BYTES = 5 * 1024 * 1024;

/**
 * The standalone master. Java is started directly: the scripts of the distribution run a second JVM first, only to learn
 * the command line. With file-system recovery a master that was killed knows its worker and application again.
 */
export function sparkMasterLaunch(
  config: StackConfig,
  layout: RunLayout,
  toolchain: Toolchain,
): ServiceLaunch {
  const { SPARK_MASTER_PORT, SPARK_MASTER_UI_PORT } = config.settings;
  return daemonLaunch('spark-master', config, layout, toolchain, {
    folder: layout.sparkMaster,
    properties: {
      'spark.deploy.recoveryMode': 'FILESYSTEM',
      'spark.deploy.recoveryDirectory': layout.sparkMaster,
    },
    mainClass: 'org.apache.spark.deploy.master.Master',
    args: [
      '--host',
      '127.0.0.1',
      '--port',
      `${SPARK_MASTER_PORT}`,
      '--webui-port',
      `${SPARK_MASTER_UI_PORT}`,
    ],
  });
}

/** The worker, which launches executors in its own process group and with its own JAVA_HOME. */
export function sparkWorkerLaunch(
  config: StackConfig,
  layout: RunLayout,
  toolchain: Toolchain,
): ServiceLaunch {
  const { settings } = config;
  return daemonLaunch('spark-worker', config, layout, toolchain, {
    folder: layout.sparkWork,
    properties: {
      'spark.worker.cleanup.enabled': 'true',
      'spark.worker.cleanup.interval': String(WORK_CHECK_SECONDS),
      'spark.worker.cleanup.appDataTtl': String(WORK_TTL_SECONDS),
      'spark.executor.logs.rolling.strategy': 'size',
      'spark.executor.logs.rolling.maxSize': String(EXECUTOR_LOG_BYTES),
      'spark.executor.logs.rolling.maxRetainedFiles': '2',
    },
    mainClass: 'org.apache.spark.deploy.worker.Worker',
    args: [
      ...['--host', '127.0.0.1', '--webui-port', `${settings.SPARK_WORKER_UI_PORT}`],
      ...['--cores', `${settings.SPARK_WORKER_CORES}`, '--memory', settings.SPARK_WORKER_MEMORY],
      ...['--work-dir', layout.sparkWork, `spark://127.0.0.1:${settings.SPARK_MASTER_PORT}`],
    ],
  });
}

interface Daemon {
  readonly folder: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly mainClass: string;
  readonly args: readonly string[];
}

function daemonLaunch(
  name: 'spark-master' | 'spark-worker',
  config: StackConfig,
  layout: RunLayout,
  toolchain: Toolchain,
  daemon: Daemon,
): ServiceLaunch {
  const properties = {
    // A busy port is an error to be told, not a reason to listen on the next one.
    'spark.port.maxRetries': '0',
    ...daemon.properties,
  };
  return {
    spec: {
      name,
      kind: 'daemon',
      command: join(toolchain.javaHome, 'bin', 'java'),
      args: [
        '-Xms64m',
        '-Xmx256m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-XX:+ExitOnOutOfMemoryError',
        ...JAVA_LOCALE_OPTIONS,
        ...namelessUserOptions(toolchain.javaHome, config.environment['HOME']),
        '-Djava.net.preferIPv4Stack=true',
        `-Djava.io.tmpdir=${layout.scratch}`,
        ...Object.entries(properties).map(([key, value]) => `-D${key}=${value}`),
        '-cp',
        [layout.sparkConf, join(toolchain.sparkHome, 'jars', '*')].join(delimiter),
        daemon.mainClass,
        ...daemon.args,
      ],
      env: sparkEnvironment(config, layout, toolchain),
      cwd: layout.scratch,
      stopGraceMs: 10_000,
      restart: RESTART_POLICY,
    },
    folders: [layout.scratch, layout.sparkConf, daemon.folder],
    files: [sparkLogging(layout)],
  };
}
