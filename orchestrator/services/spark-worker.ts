import { EXECUTOR_MAIN_CLASS } from '../runtimes/faults.ts';
import { type LaunchContext, type ProcessLaunch, SPARK_WORK_FOLDER } from '../runtimes/local/launch.ts';
import { sparkDaemonLaunch } from '../runtimes/local/process-launch.ts';
import { notReady, type Probe, ready } from '../util/readiness.ts';
import { FINAL_EXIT_CODES, type Service } from './service.ts';
import { readMaster, sparkMaster } from './spark-master.ts';

/**
 * How long a worker keeps the folder (jars, executor logs) of an application that has ended, and
 * how often it checks.
 */
const WORK_TTL_SECONDS = 3600;
const WORK_CHECK_SECONDS = 600;

/**
 * Bounds the executors' own output in the work folder: per executor, two files of 5 MiB each for
 * stdout and stderr.
 */
const EXECUTOR_LOG_BYTES = 5 * 1024 * 1024;

/**
 * A worker of the standalone cluster. It launches executors in its own process group and with its
 * own JAVA_HOME.
 */
export const sparkWorker: Service = {
  name: 'spark-worker',
  title: 'Spark worker',
  kind: 'daemon',
  after: [sparkMaster.name],
  ports: [{ setting: 'SPARK_WORKER_UI_PORT', serves: 'page' }],
  // Several workers on one machine would share what one worker with more cores has for itself.
  scale: {
    setting: 'SPARK_WORKERS',
    one: 'worker',
    insteadHint: 'Set SPARK_WORKER_CORES and SPARK_WORKER_MEMORY to what that one may use',
  },
  writesOutputs: false,
  readyTimeoutMs: 120_000,
  mayRestartBeforeReady: false,
  readiness: ({ addressOf, config }) =>
    sparkWorkerProbe(addressOf('SPARK_MASTER_UI_PORT'), config.settings.SPARK_WORKERS),
  finalExitCodes: FINAL_EXIT_CODES,
  knownCauses: [],
  faults: [
    // A driver drops its executors after 120 s: spark.network.timeout.
    {
      target: 'executor',
      drawOrder: 2,
      longPauseMs: [122_000, 135_000],
      childClass: EXECUTOR_MAIN_CLASS,
      writer: { mainClass: EXECUTOR_MAIN_CLASS },
    },
    // The master drops a worker after 60 s: spark.worker.timeout.
    { target: 'worker', drawOrder: 3, longPauseMs: [62_000, 75_000] },
  ],
  asProcess: {
    tools: ['java', 'pyspark'],
    folders: [{ name: SPARK_WORK_FOLDER, title: "the Spark worker's folder", holds: 'transient' }],
    launch,
  },
  inContainer: { image: 'pulled', volumes: [] },
};

/** Ready when at least `workers` workers are registered alive at the master with their cores. */
export function sparkWorkerProbe(
  masterUi: { readonly host: string; readonly port: number },
  workers: number,
): Probe {
  return {
    name: 'Spark worker',
    async check(signal) {
      const state = await readMaster(masterUi, signal);
      const alive = state.workers.filter((worker) => worker.state === 'ALIVE' && worker.cores > 0);
      if (alive.length < workers)
        return notReady(`${alive.length} of ${workers} workers registered at the master`);
      const cores = alive.reduce((sum, worker) => sum + worker.cores, 0);
      const memoryMb = alive.reduce((sum, worker) => sum + worker.memory, 0);
      return ready(`${alive.length} registered, ${cores} cores, ${memoryMb} MiB`);
    },
  };
}

function launch(context: LaunchContext): ProcessLaunch {
  const { settings } = context.config;
  const { sparkWork } = context.layout;
  return sparkDaemonLaunch(context, {
    folder: sparkWork,
    properties: {
      'spark.worker.cleanup.enabled': 'true',
      'spark.worker.cleanup.interval': String(WORK_CHECK_SECONDS),
      'spark.worker.cleanup.appDataTtl': String(WORK_TTL_SECONDS),
      'spark.executor.logs.rolling.strategy': 'size',
      'spark.executor.logs.rolling.maxSize': String(EXECUTOR_LOG_BYTES),
      'spark.executor.logs.rolling.maxRetainedFiles': '2',
    },
    mainClass: 'org.apache.spark.deploy.worker.Worker',
    args: [
      ...['--host', '127.0.0.1', '--webui-port', `${settings.SPARK_WORKER_UI_PORT}`],
      ...['--cores', `${settings.SPARK_WORKER_CORES}`, '--memory', settings.SPARK_WORKER_MEMORY],
      ...['--work-dir', sparkWork, `spark://127.0.0.1:${settings.SPARK_MASTER_PORT}`],
    ],
  });
}
