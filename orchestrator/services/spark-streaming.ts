import { join } from 'node:path';
import { settingsFor } from '../config/load-settings.ts';
import type { StackConfig } from '../config/stack-config.ts';
import { FINAL_EXIT_CODES } from '../core/final-exit-codes.ts';
import { fileUri, localPath } from '../core/local-path.ts';
import { notReady, type Probe, ready } from '../core/probe.ts';
import { kafkaConnector, sparkSubmitArguments } from '../core/spark-submit.ts';
import { streamingStartFixed } from '../outputs/checkpoint-state.ts';
import { pipelineFolder } from '../pipeline/load-pipeline.ts';
import { readProgress } from '../probes/progress.ts';
import type { LaunchContext, ProcessLaunch } from '../runtime/local/commands/service-launch.ts';
import { sparkEnvironment, sparkLogging } from '../runtime/local/commands/spark-environment.ts';
import { namelessUserOptions } from '../runtime/local/nameless-user/nameless-user.ts';
import { JAVA_LOCALE_OPTIONS } from '../runtime/local/utf8-locale.ts';
import { DRIVER_APPLICATION, DRIVER_MAIN_CLASS } from '../runtime/spark-processes.ts';
import { kafkaInit } from './kafka-init.ts';
import type { Service, ServiceView } from './service.ts';
import { sparkWorker } from './spark-worker.ts';

const NAME = 'spark-streaming';

/** What the job's own lines begin with. */
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

/** Ready when every query of the present process runs and has fixed its start offsets in its checkpoint. */
function streamingJobProbe(view: ServiceView): Probe {
  const outputPath = localPath(view.outputPath);
  return {
    name: 'the streaming job',
    async check() {
      const { recentLines, detail } = await view.observe();
      if (!isRunning(recentLines)) return notReady(lastWord(recentLines, detail));
      if (outputPath === undefined) return ready('every query runs, its start offsets are fixed');
      const start = await streamingStartFixed(outputPath);
      return start.fixed ? ready(`every query runs, ${start.detail}`) : notReady(start.detail);
    },
  };
}

/** The job's word that every query runs; what is committed says so as well, when that line is too far back. */
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
 * spark-submit becomes the driver's JVM, which has Python as a child: SIGTERM to that JVM alone lets the job end in its own
 * order.
 */
function launch(context: LaunchContext): ProcessLaunch {
  const { config, layout, outputPath } = context;
  const toolchain = context.toolchain();
  const { settings, projectDir } = config;
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
      // A bare path with a # or % in it is not the file's for spark-submit.
      app: fileUri(join(projectDir, 'spark-app', 'app.py')),
    }),
    env: {
      ...sparkEnvironment(config, layout, toolchain),
      // Ivy runs in spark-submit's JVM; the options reach it this way without becoming a property of the application.
      SPARK_SUBMIT_OPTS: toolchain.jvmTrustOptions.join(' '),
      // Its lines tell when it is ready: they must not wait in a buffer.
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
    // A path with a slash is a folder to the job, whose own folder is not that of the command.
    PIPELINE: pipelineFolder(settings.PIPELINE, projectDir),
    OUTPUT_PATH: folder === undefined ? outputPath : fileUri(folder),
  };
}
