import { join } from 'node:path';
import { FINAL_EXIT_CODES } from '../core/final-exit-codes.ts';
import { notReady, type Probe, ready } from '../core/probe.ts';
import { readMaster } from '../probes/spark-master.ts';
import type { LaunchContext, ProcessLaunch } from '../runtime/local/commands/service-launch.ts';
import { sparkDaemonLaunch } from '../runtime/local/commands/spark-daemon-launch.ts';
import type { ServiceFolder } from '../runtime/local/run-layout.ts';
import type { Service } from './service.ts';

const NAME = 'spark-master';

const FOLDER: ServiceFolder = {
  name: NAME,
  title: "the Spark master's memory",
  holds: 'transient',
  // Applications and workers that are gone.
  endsWithSupervisor: true,
  allowed: /^(app|worker|driver)_[\w.-]+$/,
};

/** The master of a standalone cluster. */
export const sparkMaster: Service = {
  name: NAME,
  title: 'Spark master',
  kind: 'daemon',
  after: [],
  ports: [
    { setting: 'SPARK_MASTER_PORT', serves: 'clients' },
    { setting: 'SPARK_MASTER_UI_PORT', serves: 'page' },
  ],
  writesOutputs: false,
  readyTimeoutMs: 120_000,
  mayRestartBeforeReady: false,
  readiness: (view) => sparkMasterProbe(view.addressOf('SPARK_MASTER_UI_PORT')),
  finalExitCodes: FINAL_EXIT_CODES,
  knownCauses: [],
  // It drops a worker that it has not heard of for 60 s: spark.worker.timeout.
  faults: [{ target: 'master', drawOrder: 4, longPauseMs: [62_000, 75_000] }],
  asProcess: { tools: ['java', 'pyspark'], folders: [FOLDER], launch },
  inContainer: { image: 'pulled', volumes: [] },
};

/** Ready when the master's page says ALIVE. */
export function sparkMasterProbe(ui: { readonly host: string; readonly port: number }): Probe {
  return {
    name: `Spark master at http://${ui.host}:${ui.port}`,
    async check(signal) {
      const { status } = await readMaster(ui, signal);
      return status === 'ALIVE' ? ready('ALIVE') : notReady(`its status is ${status}`);
    },
  };
}

/** With file-system recovery a master that was killed knows its worker and application again. */
function launch(context: LaunchContext): ProcessLaunch {
  const { SPARK_MASTER_PORT, SPARK_MASTER_UI_PORT } = context.config.settings;
  const folder = join(context.layout.runDir, FOLDER.name);
  return sparkDaemonLaunch(context, {
    folder,
    properties: {
      'spark.deploy.recoveryMode': 'FILESYSTEM',
      'spark.deploy.recoveryDirectory': folder,
    },
    mainClass: 'org.apache.spark.deploy.master.Master',
    args: [
      '--host',
      '127.0.0.1',
      '--port',
      `${SPARK_MASTER_PORT}`,
      '--webui-port',
      `${SPARK_MASTER_UI_PORT}`,
    ],
  });
}
