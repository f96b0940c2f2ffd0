import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import type { LaunchContext, ProcessLaunch, ServiceFolder } from '../runtimes/local/launch.ts';
import { sparkDaemonLaunch } from '../runtimes/local/process-launch.ts';
import type { Address } from '../util/ports.ts';
import { notReady, type Probe, ready } from '../util/readiness.ts';
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

/**
 * The process's own agents, and `fetch`, may lead to a proxy (NODE_USE_ENV_PROXY). Services on this
 * machine are asked directly.
 */
const direct = new Agent();

/**
 * Reads a JSON page of a service of this machine.
 * @throws Error when it does not answer with 200 and JSON; the signal's reason
 */
export async function readJson({ host, port }: Address, path: string, signal: AbortSignal): Promise<unknown> {
  const text = await new Promise<string>((resolve, reject) => {
    const request = get({ host, port, path, agent: direct, signal }, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        reject(new Error(`its page answers with HTTP ${response.statusCode}`));
        return;
      }
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', reject);
      response.on('end', () => resolve(body));
    });
    request.on('error', reject);
  });
  return JSON.parse(text);
}
