/** The steps of provisioning. */
export type Tool = 'java' | 'pyspark' | 'kafka-jars' | 'connector';

/** What the local runtime has provisioned or found: absolute paths that the services' command lines are made of. */
export interface Toolchain {
  /** A JAVA_HOME of version 8, 11 or 17 (`bin/java` lies below it). */
  readonly javaHome: string;
  /** The venv's Python, in which pyspark of SPARK_VERSION is importable. */
  readonly python: string;
  /** pyspark's package folder: `bin/spark-submit` and `jars/` lie below it. */
  readonly sparkHome: string;
  /** Folder of the jars of Kafka, ZooKeeper and an slf4j binding; the class path is `kafkaJars/*`. */
  readonly kafkaJars: string;
  /** `spark.jars.ivy`: writable, kept across runs, so that `--packages` downloads once. */
  readonly ivyDir: string;
  /** JVM options by which Java trusts the private CA that the machine trusts; empty when none is set. */
  readonly jvmTrustOptions: readonly string[];
}
