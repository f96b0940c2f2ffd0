/** What the command line of every executor of a standalone cluster names, and that of no other process. */
export const EXECUTOR_MAIN_CLASS = 'org.apache.spark.executor.CoarseGrainedExecutorBackend';
