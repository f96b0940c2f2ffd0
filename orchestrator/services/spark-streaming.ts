import { join } from 'node:path';
import { firstDataCommitted, streamingStartFixed } from '../lake/committed-files.ts';
import { readProgress } from '../lake/progress/progress.ts';
import { pipelineFolder } from '../pipeline/load-pipeline.ts';
import { DRIVER_APPLICATION, DRIVER_MAIN_CLASS } from '../runtimes/faults.ts';
import type { LaunchContext, ProcessLaunch } from '../runtimes/local/launch.ts';
import { namelessUserOptions } from '../runtimes/local/nameless-user/nameless-user.ts';
import { sparkEnvironment, sparkLogging } from '../runtimes/local/process-launch.ts';
import type { ServiceObservation } from '../runtimes/runtime.ts';
import { settingsFor } from '../settings/load-settings.ts';
import { type StackConfig, triggerIntervalMs, untilNextTriggerMs } from '../settings/stack-config.ts';
import { fileUri, localPath } from '../util/files.ts';
import { JAVA_LOCALE_OPTIONS } from '../util/processes.ts';
import { notReady, type Probe, type ProbeAnswer, ready } from '../util/readiness.ts';
import { kafkaInit } from './kafka-init.ts';
import { FINAL_EXIT_CODES, type Service, type ServiceView } from './service.ts';
import { sparkWorker } from './spark-worker.ts';

const NAME = 'spark-streaming';

/** The prefix of the job's own lines. */
const PREFIX = `[${NAME}]`;

/** The job: one Spark application with every streaming query. */
export const sparkStreaming: Service = {
  name: NAME,
  title: 'Streaming job',
  kind: 'daemon',
  after: [kafkaInit.name, sparkWorker.name],
  ports: [{ setting: 'SPARK_APP_UI_PORT', serves: 'page' }],
  settingsUsedBy: ['job', 'spark-submit'],
  writesOutputs: true,
  readyTimeoutMs: 300_000,
  mayRestartBeforeReady: false,
  readiness: streamingJobProbe,
  finalExitCodes: FINAL_EXIT_CODES,
  knownCauses: [],
  faults: [
    {
      target: 'driver',
      drawOrder: 1,
      longPauseMs: [62_000, 135_000],
      writer: { mainClass: DRIVER_MAIN_CLASS, begunWhen: DRIVER_APPLICATION },
    },
  ],
  asProcess: { tools: ['java', 'pyspark', 'connector'], folders: [], launch },
  inContainer: { image: 'pulled', volumes: ['ivy-cache'] },
};

/**
 * Ready when every query of the present process runs and has fixed its start offsets in its
 * checkpoint.
 */
function streamingJobProbe(view: ServiceView): Probe {
  const outputPath = localPath(view.outputPath);
  return {
    name: 'the streaming job',
    readsOutput: true,
    async check() {
      const { recentLines, detail } = await view.observe();
      if (!isRunning(recentLines)) return notReady(lastWord(recentLines, detail));
      if (outputPath === undefined) return ready('every query runs, its start offsets are fixed');
      const start = await streamingStartFixed(outputPath);
      return start.fixed ? ready(`every query runs, ${start.detail}`) : notReady(start.detail);
    },
  };
}

/**
 * The job logs when every query runs. A commit proves it as well, when that line is too far back.
 */
function isRunning(recentLines: readonly string[]): boolean {
  const { ingest, gold } = readProgress(recentLines);
  const said = recentLines.some((line) => line.startsWith(`${PREFIX} query running`));
  return ingest.length > 0 || gold.size > 0 || said;
}

function lastWord(recentLines: readonly string[], detail: string): string {
  const own = recentLines.findLast((line) => line.startsWith(PREFIX));
  return own ?? recentLines.at(-1)?.trim() ?? `no output yet, ${detail}`;
}

/**
 * spark-submit becomes the driver's JVM, which has Python as a child. SIGTERM to that JVM alone
 * lets the job end in its own order.
 */
function launch(context: LaunchContext): ProcessLaunch {
  const { config, layout, outputPath } = context;
  const toolchain = context.toolchain();
  const { settings, installDir } = config;
  const jvm = [
    ...namelessUserOptions(toolchain.javaHome, config.environment['HOME']),
    '-Djava.net.preferIPv4Stack=true',
    `-Djava.io.tmpdir=${layout.scratch}`,
  ];
  return {
    command: join(toolchain.sparkHome, 'bin', 'spark-submit'),
    args: sparkSubmitArguments({
      master: `spark://127.0.0.1:${settings.SPARK_MASTER_PORT}`,
      packages: [kafkaConnector(settings.SPARK_VERSION)],
      conf: {
        'spark.jars.ivy': toolchain.ivyDir,
        'spark.driver.host': '127.0.0.1',
        'spark.driver.bindAddress': '127.0.0.1',
        'spark.port.maxRetries': '0',
        'spark.ui.port': String(settings.SPARK_APP_UI_PORT),
        'spark.sql.shuffle.partitions': String(settings.SPARK_SQL_SHUFFLE_PARTITIONS),
      },
      driverJavaOptions: [...JAVA_LOCALE_OPTIONS, ...words(settings.SPARK_DRIVER_JAVA_OPTIONS), ...jvm],
      executorJavaOptions: [
        ...JAVA_LOCALE_OPTIONS,
        ...words(settings.SPARK_EXECUTOR_JAVA_OPTIONS),
        ...jvm,
        ...toolchain.jvmTrustOptions,
      ],
      // spark-submit does not read a bare path with a # or % as the path of that file.
      app: fileUri(join(installDir, 'spark-app', 'app.py')),
    }),
    env: {
      ...sparkEnvironment(config, layout, toolchain),
      // Ivy runs in spark-submit's JVM. This variable gives it the options without making them a
      // property of the application.
      SPARK_SUBMIT_OPTS: toolchain.jvmTrustOptions.join(' '),
      // Its lines show when it is ready, so they must not wait in a buffer.
      PYTHONUNBUFFERED: '1',
      ...jobSettings(config, outputPath),
    },
    cwd: layout.scratch,
    stopGraceMs: 25_000,
    folders: [layout.scratch, layout.sparkConf],
    files: [sparkLogging(layout)],
  };
}

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

function jobSettings({ settings, projectDir }: StackConfig, outputPath: string): Record<string, string> {
  const folder = localPath(outputPath);
  return {
    ...settingsFor('job', settings),
    KAFKA_BOOTSTRAP_SERVERS: `localhost:${settings.KAFKA_PORT}`,
    // The job takes a path with a slash as a folder, but it runs in another folder than the
    // command.
    PIPELINE: pipelineFolder(settings.PIPELINE, projectDir),
    OUTPUT_PATH: folder === undefined ? outputPath : fileUri(folder),
  };
}

/** A streaming application as spark-submit receives it. */
export interface SparkSubmission {
  /** spark://host:port */
  readonly master: string;
  /** Maven coordinates that Ivy resolves before the application starts. */
  readonly packages: readonly string[];
  readonly conf: Readonly<Record<string, string>>;
  /** Options of the driver's JVM, which is spark-submit's own in client mode. */
  readonly driverJavaOptions: readonly string[];
  /** Options of every executor's JVM. */
  readonly executorJavaOptions: readonly string[];
  /** The Python file. */
  readonly app: string;
}

/** Spark's Kafka source for Structured Streaming; PySpark's jars are built for Scala 2.12. */
export function kafkaConnector(sparkVersion: string): string {
  return `org.apache.spark:spark-sql-kafka-0-10_2.12:${sparkVersion}`;
}

/**
 * Returns the arguments of spark-submit, in client mode: a standalone master takes Python in no
 * other mode.
 */
export function sparkSubmitArguments(submission: SparkSubmission): readonly string[] {
  const conf = {
    ...submission.conf,
    ...javaOptions('spark.driver.extraJavaOptions', submission.driverJavaOptions),
    ...javaOptions('spark.executor.extraJavaOptions', submission.executorJavaOptions),
  };
  return [
    ...['--master', submission.master, '--deploy-mode', 'client', '--name', 'medallion-stream'],
    ...['--packages', submission.packages.join(',')],
    ...Object.entries(conf).flatMap(([key, value]) => ['--conf', `${key}=${value}`]),
    submission.app,
  ];
}

/** Spark splits the value like a shell line, so options with blanks are quoted. */
function javaOptions(key: string, options: readonly string[]): Record<string, string> {
  if (options.length === 0) return {};
  const quoted = options.map((option) =>
    /[\s"'\\]/.test(option) ? `"${option.replace(/["\\]/g, '\\$&')}"` : option,
  );
  return { [key]: quoted.join(' ') };
}

/** What the probe observes. */
export interface StreamingJobView {
  /** The job's present process: a restart begins with an empty log. */
  observe(): Promise<ServiceObservation>;
  /** Where the job writes, as this machine sees it; undefined when it is not on the local disk. */
  readonly outputPath: string | undefined;
}

/**
 * Ready when the present process has committed a micro-batch with data and bronze and silver files
 * exist. While it waits, its detail names when the next trigger is due.
 */
export function firstDataProbe(view: StreamingJobView, triggerInterval: string): Probe {
  return {
    name: 'the first micro-batch with data',
    async check() {
      const { recentLines } = await view.observe();
      const committed = readProgress(recentLines).ingest.some(({ rows }) => (rows['bronze'] ?? 0) > 0);
      if (committed && view.outputPath === undefined) return ready('committed');
      const files = await fileState(view.outputPath);
      if (committed && files.ready) return files;
      return notReady(
        `${files.ready ? 'no batch of this run is committed yet' : files.detail}; ${due(triggerInterval)}`,
      );
    },
  };
}

async function fileState(outputPath: string | undefined): Promise<ProbeAnswer> {
  if (outputPath === undefined) return notReady('no batch is committed yet');
  const { committed, detail } = await firstDataCommitted(outputPath);
  return { ready: committed, detail };
}

/** Whole seconds, so that a display changes once a second at most. */
function due(triggerInterval: string): string {
  const untilMs = untilNextTriggerMs(triggerIntervalMs(triggerInterval), Date.now());
  return `next trigger in ${Math.ceil(untilMs / 1000)} s`;
}
