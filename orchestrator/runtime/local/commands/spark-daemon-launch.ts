import { delimiter, join } from 'node:path';
import { namelessUserOptions } from '../nameless-user/nameless-user.ts';
import { JAVA_LOCALE_OPTIONS } from '../utf8-locale.ts';
import type { LaunchContext, ProcessLaunch } from './service-launch.ts';
import { sparkEnvironment, sparkLogging } from './spark-environment.ts';

/** What tells a daemon of a standalone cluster from another. */
export interface SparkDaemon {
  /** Absolute: where it keeps what it writes. */
  readonly folder: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly mainClass: string;
  readonly args: readonly string[];
}

/**
 * How a daemon of a standalone cluster is started. Java is started directly: the scripts of the distribution run a second JVM
 * first, only to learn the command line.
 */
export function sparkDaemonLaunch(context: LaunchContext, daemon: SparkDaemon): ProcessLaunch {
  const { config, layout } = context;
  const toolchain = context.toolchain();
  const properties = {
    // A busy port is an error to be told, not a reason to listen on the next one.
    'spark.port.maxRetries': '0',
    ...daemon.properties,
  };
  return {
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
    folders: [layout.scratch, layout.sparkConf, daemon.folder],
    files: [sparkLogging(layout)],
  };
}
