/** A streaming application as spark-submit is told of it. */
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

/** The arguments of spark-submit, in client mode: a standalone master takes Python in no other. */
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

/** Spark splits the value like a shell line: options with blanks are quoted. */
function javaOptions(key: string, options: readonly string[]): Record<string, string> {
  if (options.length === 0) return {};
  const quoted = options.map((option) =>
    /[\s"'\\]/.test(option) ? `"${option.replace(/["\\]/g, '\\$&')}"` : option,
  );
  return { [key]: quoted.join(' ') };
}
