import { delimiter, join } from 'node:path';
import type { Service } from '../../services/service.ts';
import type { StackConfig } from '../../settings/stack-config.ts';
import {
  JAVA_LOCALE_OPTIONS,
  noProxyOf,
  TYPESCRIPT_LOADER,
  UTF8_LOCALE,
  withLoopback,
} from '../../util/processes.ts';
import {
  type ConfigFile,
  type LaunchContext,
  type ProcessLaunch,
  RUN_DIR_VARIABLE,
  type RunLayout,
  type ServiceLaunch,
  type Toolchain,
} from './launch.ts';
import { namelessUserOptions } from './nameless-user/nameless-user.ts';
import type { RestartPolicy } from './supervisor/service-spec.ts';

/** Describes the start of a service; has no side effects. */
export function serviceLaunch(service: Service, context: LaunchContext): ServiceLaunch {
  const { name, kind, finalExitCodes } = service;
  const { folders, files, ...process } = service.asProcess.launch(context);
  return { spec: { name, kind, finalExitCodes, restart: RESTART_POLICY, ...process }, folders, files };
}

/** A program of the product that runs in Node. */
export interface NodeProgram {
  /** Relative to the install folder. */
  readonly script: string;
  /** Options of Node itself; none when absent. */
  readonly nodeOptions?: readonly string[];
  readonly stopGraceMs: number;
  /** Its settings, as environment variables. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Describes the start of a service that is a Node program and a Kafka client. */
export function nodeLaunch({ config, layout }: LaunchContext, program: NodeProgram): ProcessLaunch {
  return {
    command: process.execPath,
    args: [...(program.nodeOptions ?? []), ...TYPESCRIPT_LOADER, join(config.installDir, program.script)],
    env: {
      ...serviceEnvironment(config.environment, layout),
      KAFKA_BOOTSTRAP_SERVERS: `localhost:${config.settings.KAFKA_PORT}`,
      ...program.settings,
    },
    cwd: config.projectDir,
    stopGraceMs: program.stopGraceMs,
    folders: [layout.scratch],
    files: [],
  };
}

/**
 * Restarts follow after 0.5, 1, 2, 4 and 8 s. Six failures within a minute each are final; a kill
 * from outside does not count. A broker that was killed needs up to three attempts, until ZooKeeper
 * has expired its predecessor's session.
 */
export const RESTART_POLICY: RestartPolicy = {
  firstDelayMs: 500,
  maxDelayMs: 15_000,
  steadyAfterMs: 60_000,
  maxFastFailures: 6,
};

/**
 * What services inherit from the caller's environment: the machine's own variables (search path,
 * home, time zone), the way to the network (proxies, private certificates), and the credentials
 * that Hadoop's file systems read for OUTPUT_PATH. Anything else, such as SPARK_* or PYTHON* of
 * another installation, would make the run depend on the shell.
 */
const INHERITED =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|(HTTPS?|ALL|FTP)_PROXY|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|PIP_CERT|CURL_CA_BUNDLE|XDG_(CACHE_HOME|RUNTIME_DIR)|AWS_\w+|AZURE_\w+|GOOGLE_APPLICATION_CREDENTIALS|HADOOP_CONF_DIR|HADOOP_USER_NAME)$/i;

/** Returns the environment of the supervisor and of every service. */
export function serviceEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  layout: RunLayout,
): Readonly<Record<string, string>> {
  const inherited = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && INHERITED.test(entry[0]),
  );
  const noProxy = withLoopback(noProxyOf(environment));
  return {
    ...Object.fromEntries(inherited),
    ...UTF8_LOCALE,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    [RUN_DIR_VARIABLE]: layout.runDir,
  };
}

/** What differs between the daemons of a standalone cluster. */
export interface SparkDaemon {
  /** Absolute path of the folder that it writes to. */
  readonly folder: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly mainClass: string;
  readonly args: readonly string[];
}

/**
 * Describes the start of a daemon of a standalone cluster. Java is started directly: the scripts of
 * the distribution run a second JVM first, only to compute the command line.
 */
export function sparkDaemonLaunch(context: LaunchContext, daemon: SparkDaemon): ProcessLaunch {
  const { config, layout } = context;
  const toolchain = context.toolchain();
  const properties = {
    // A busy port is an error to report, not a reason to listen on the next one.
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

/** Returns what every Spark process gets; executors get it through their worker. */
export function sparkEnvironment(
  config: StackConfig,
  layout: RunLayout,
  toolchain: Toolchain,
): Readonly<Record<string, string>> {
  return {
    ...serviceEnvironment(config.environment, layout),
    JAVA_HOME: toolchain.javaHome,
    SPARK_HOME: toolchain.sparkHome,
    // bin/load-spark-env.sh would set this. A worker that is started without it cannot launch
    // executors.
    SPARK_SCALA_VERSION: '2.12',
    // The first entry of every Spark process's class path: our logging, and no spark-defaults.conf
    // of another installation.
    SPARK_CONF_DIR: layout.sparkConf,
    // Web pages bind to this address; without it they would listen on every interface.
    SPARK_LOCAL_IP: '127.0.0.1',
    SPARK_LOCAL_DIRS: layout.scratch,
    TMPDIR: layout.scratch,
    PYSPARK_PYTHON: toolchain.python,
  };
}

/**
 * Returns Spark's log4j 2 configuration: warnings of everything, and the information that master
 * and worker log.
 */
export function sparkLogging(layout: RunLayout): ConfigFile {
  return {
    path: join(layout.sparkConf, 'log4j2.properties'),
    content: javaProperties({
      'rootLogger.level': 'warn',
      'rootLogger.appenderRef.console.ref': 'console',
      'appender.console.type': 'Console',
      'appender.console.name': 'console',
      'appender.console.target': 'SYSTEM_ERR',
      'appender.console.layout.type': 'PatternLayout',
      'appender.console.layout.pattern': '%d{yyyy-MM-dd HH:mm:ss.SSS} %p %c{1} %m%n%ex',
      'logger.master.name': 'org.apache.spark.deploy.master.Master',
      'logger.master.level': 'info',
      'logger.worker.name': 'org.apache.spark.deploy.worker.Worker',
      'logger.worker.level': 'info',
      // "Unable to load native-hadoop library" appears everywhere but on a Hadoop cluster.
      'logger.native.name': 'org.apache.hadoop.util.NativeCodeLoader',
      'logger.native.level': 'error',
    }),
  };
}

/** Formats a file for java.util.Properties: ISO-8859-1, other characters and separators escaped. */
export function javaProperties(entries: Readonly<Record<string, string | number | boolean>>): string {
  const lines = Object.entries(entries).map(([key, value]) => `${escaped(key)}=${escaped(String(value))}`);
  return `${lines.join('\n')}\n`;
}

function escaped(text: string): string {
  return text
    .replace(/[\\=:#!]/g, '\\$&')
    .replace(/^ /, '\\ ')
    .replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * The files that a crashed JVM leaves in its working folder, as the source of a regular expression.
 */
export const JAVA_CRASH_FILES = String.raw`(hs_err|replay|java)_pid\d+\.(log|hprof)|core(\.\d+)?`;

/**
 * Logging of ZooKeeper and Kafka: reload4j (log4j 1) to standard output, which the supervisor keeps
 * and rotates.
 */
export const KAFKA_LOGGING = javaProperties({
  'log4j.rootLogger': 'INFO, stdout',
  'log4j.appender.stdout': 'org.apache.log4j.ConsoleAppender',
  'log4j.appender.stdout.layout': 'org.apache.log4j.PatternLayout',
  'log4j.appender.stdout.layout.ConversionPattern': '%d{yyyy-MM-dd HH:mm:ss.SSS} %p %c{1} %m%n',
  // A banner, the whole class path, one line per setting and one per request would bury what
  // matters.
  'log4j.logger.kafka': 'INFO',
  'log4j.logger.org.apache.kafka': 'INFO',
  'log4j.logger.org.apache.kafka.common.config.AbstractConfig': 'WARN',
  'log4j.logger.kafka.server.KafkaConfig': 'WARN',
  'log4j.logger.kafka.request.logger': 'WARN',
  'log4j.logger.kafka.network.RequestChannel$': 'WARN',
  'log4j.logger.org.apache.zookeeper': 'WARN',
  'log4j.logger.org.apache.zookeeper.server.quorum.QuorumPeerMain': 'INFO',
  'log4j.logger.state.change.logger': 'WARN',
});

/**
 * For the class path's binding. It is relative to the working folder, so that no path needs
 * quoting.
 */
export const KAFKA_LOGGING_FILE = 'log4j.properties';
