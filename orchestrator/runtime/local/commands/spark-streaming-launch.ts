import { join } from 'node:path';
import { settingsFor } from '../../../config/load-settings.ts';
import type { StackConfig } from '../../../config/stack-config.ts';
import { fileUri, localPath } from '../../../core/local-path.ts';
import { kafkaConnector, sparkSubmitArguments } from '../../../core/spark-submit.ts';
import { pipelineFolder } from '../../../pipeline/load-pipeline.ts';
import { namelessUserOptions } from '../nameless-user/nameless-user.ts';
import type { RunLayout } from '../run-layout.ts';
import type { Toolchain } from '../toolchain.ts';
import { JAVA_LOCALE_OPTIONS } from '../utf8-locale.ts';
import { RESTART_POLICY } from './restart-policy.ts';
import type { ServiceLaunch } from './service-launch.ts';
import { sparkEnvironment, sparkLogging } from './spark-environment.ts';

/**
 * The job. spark-submit becomes the driver's JVM, which has Python as a child: SIGTERM to that JVM alone lets the job end in
 * its own order.
 *
 * @param outputPath where the job writes, as its own processes see it
 */
export function sparkStreamingLaunch(
  config: StackConfig,
  layout: RunLayout,
  toolchain: Toolchain,
  outputPath: string,
): ServiceLaunch {
  const { settings, projectDir } = config;
  const jvm = [
    ...namelessUserOptions(toolchain.javaHome, config.environment['HOME']),
    '-Djava.net.preferIPv4Stack=true',
    `-Djava.io.tmpdir=${layout.scratch}`,
  ];
  return {
    spec: {
      name: 'spark-streaming',
      kind: 'daemon',
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
      restart: RESTART_POLICY,
    },
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
