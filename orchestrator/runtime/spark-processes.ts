/** What the command line of every executor of a standalone cluster names, and that of no other process. */
export const EXECUTOR_MAIN_CLASS = 'org.apache.spark.executor.CoarseGrainedExecutorBackend';

/** The same of the driver's JVM, as spark-submit starts it. */
export const DRIVER_MAIN_CLASS = 'org.apache.spark.deploy.SparkSubmit';

/**
 * The end of a word in the command line of the driver's Python. It is there once Ivy has resolved the packages: before, the driver
 * writes to Ivy's cache, which other stacks share and which has to stay whole.
 */
export const DRIVER_APPLICATION = '/app.py';
