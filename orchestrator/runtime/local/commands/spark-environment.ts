import { join } from 'node:path';
import type { StackConfig } from '../../../config/stack-config.ts';
import type { RunLayout } from '../run-layout.ts';
import type { Toolchain } from '../toolchain.ts';
import { javaProperties } from './java-properties.ts';
import { serviceEnvironment } from './service-environment.ts';
import type { ConfigFile } from './service-launch.ts';

/** What every Spark process gets, executors through their worker. */
export function sparkEnvironment(
  config: StackConfig,
  layout: RunLayout,
  toolchain: Toolchain,
): Readonly<Record<string, string>> {
  return {
    ...serviceEnvironment(config.environment, layout),
    JAVA_HOME: toolchain.javaHome,
    SPARK_HOME: toolchain.sparkHome,
    // What bin/load-spark-env.sh would set; a worker that is started without it cannot launch executors.
    SPARK_SCALA_VERSION: '2.12',
    // First on every Spark process's class path: our logging, and no spark-defaults.conf of another installation.
    SPARK_CONF_DIR: layout.sparkConf,
    // Web pages bind to this address; without it they would listen on every interface.
    SPARK_LOCAL_IP: '127.0.0.1',
    SPARK_LOCAL_DIRS: layout.scratch,
    TMPDIR: layout.scratch,
    PYSPARK_PYTHON: toolchain.python,
  };
}

/** log4j 2 of Spark: warnings of everything, the master's and worker's own news. */
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
      // "Unable to load native-hadoop library": true everywhere but on a Hadoop cluster.
      'logger.native.name': 'org.apache.hadoop.util.NativeCodeLoader',
      'logger.native.level': 'error',
    }),
  };
}
