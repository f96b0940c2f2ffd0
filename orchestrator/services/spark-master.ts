import { join } from 'node:path';
import { z } from 'zod';
import type { LaunchContext, ProcessLaunch, ServiceFolder } from '../runtimes/local/launch.ts';
import { sparkDaemonLaunch } from '../runtimes/local/process-launch.ts';
import { notReady, type Probe, readJson, ready } from '../util/readiness.ts';
import { FINAL_EXIT_CODES, type Service } from './service.ts';

const NAME = 'spark-master';

const FOLDER: ServiceFolder = {
  name: NAME,
  title: "the Spark master's memory",
  holds: 'transient',
  // It describes applications and workers that no longer exist then.
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
  // The master drops a worker that it has not heard of for 60 s: spark.worker.timeout.
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

/**
 * The fields that we read of the standalone master's `/json/` page. Source:
 * org.apache.spark.deploy.JsonProtocol.writeMasterState.
 */
const masterState = z.object({
  status: z.string(),
  workers: z.array(z.object({ state: z.string(), cores: z.number(), memory: z.number() })),
});

/**
 * Reads the page of a standalone master on itself and its workers; memory is in MiB.
 * @throws Error when it does not answer, or not with this page; the signal's reason
 */
export async function readMaster(
  ui: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<z.infer<typeof masterState>> {
  return masterState.parse(await readJson(ui, '/json/', signal));
}
