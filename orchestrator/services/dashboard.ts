import { request } from 'node:http';
import { join } from 'node:path';
import { type Notice, shortText } from '../../dashboard/model/notice.ts';
import { servicesText, type WatchedService } from '../../dashboard/sources/service-probe.ts';
import { pipelineFolder } from '../pipeline/load-pipeline.ts';
import type { LaunchContext, ProcessLaunch, ServiceFolder } from '../runtimes/local/launch.ts';
import { nodeLaunch } from '../runtimes/local/process-launch.ts';
import { settingsFor } from '../settings/load-settings.ts';
import type { Settings } from '../settings/setting-table.ts';
import type { Address } from '../util/ports.ts';
import { direct, notReady, type Probe, readJson, ready } from '../util/readiness.ts';
import { kafka } from './kafka.ts';
import { kafkaInit } from './kafka-init.ts';
import { producer } from './producer.ts';
import { FINAL_EXIT_CODES, type PortSetting, type Service } from './service.ts';
import { sparkMaster } from './spark-master.ts';
import { sparkStreaming } from './spark-streaming.ts';
import { sparkWorker } from './spark-worker.ts';
import { zookeeper } from './zookeeper.ts';

const NAME = 'dashboard';

const FOLDER: ServiceFolder = {
  name: NAME,
  title: "the dashboard's history",
  holds: 'transient',
  allowed: /^history\.json(\.part)?$/,
};

/** The live page and its API. It only reads. */
export const dashboard: Service = {
  name: NAME,
  title: 'Dashboard',
  kind: 'daemon',
  after: [kafka.name],
  ports: [{ setting: 'DASHBOARD_PORT', serves: 'page' }],
  writesOutputs: false,
  readyTimeoutMs: 60_000,
  mayRestartBeforeReady: false,
  readiness: ({ addressOf }) => dashboardProbe(addressOf('DASHBOARD_PORT')),
  finalExitCodes: FINAL_EXIT_CODES,
  knownCauses: [],
  faults: [],
  asProcess: { tools: [], folders: [FOLDER], launch },
  inContainer: { image: 'built', volumes: ['dashboard-history'] },
};

/** Ready when it answers. */
function dashboardProbe(address: Address): Probe {
  return {
    name: `the dashboard at http://${address.host}:${address.port}`,
    async check(signal) {
      const answer = await readJson(address, '/healthz', signal);
      const isOk = (answer as { readonly status?: unknown } | null)?.status === 'ok';
      return isOk ? ready('it answers') : notReady('another program answers at its port');
    },
  };
}

function launch(context: LaunchContext): ProcessLaunch {
  const { config, layout, outputPath } = context;
  const { settings, projectDir } = config;
  return nodeLaunch(context, {
    script: 'dashboard/main.ts',
    // Most of what it allocates is short-lived. With the default, 16 MB, twice as much stays resident.
    nodeOptions: ['--max-semi-space-size=2'],
    stopGraceMs: 5000,
    settings: {
      ...settingsFor('dashboard', settings),
      PIPELINE: pipelineFolder(settings.PIPELINE, projectDir),
      OUTPUT_PATH: outputPath,
      DASHBOARD_LISTEN: `127.0.0.1:${settings.DASHBOARD_PORT}`,
      DASHBOARD_RUNTIME: 'local',
      DASHBOARD_SERVICES: servicesText(watchedServices(settings)),
      DASHBOARD_PAGES: PAGES.map(([name, port]) => `${name}=${settings[port]}`).join(' '),
      DASHBOARD_RUN_DIR: layout.runDir,
      DASHBOARD_HISTORY: join(layout.runDir, FOLDER.name),
    },
  });
}

/** The pages that are linked, by the service that has them. */
const PAGES: readonly (readonly [string, PortSetting])[] = [
  [sparkMaster.name, 'SPARK_MASTER_UI_PORT'],
  [sparkWorker.name, 'SPARK_WORKER_UI_PORT'],
  [sparkStreaming.name, 'SPARK_APP_UI_PORT'],
  [NAME, 'DASHBOARD_PORT'],
];

/** How each service is observed, in the order of their start; docker-compose.yml has the same. */
export function watchedServices(settings: Settings): readonly WatchedService[] {
  const at = (setting: PortSetting): Address => ({ host: '127.0.0.1', port: settings[setting] });
  return [
    { name: zookeeper.name, probe: { kind: 'tcp', address: at('ZOOKEEPER_PORT') } },
    { name: kafka.name, probe: { kind: 'topic' } },
    { name: kafkaInit.name, probe: { kind: 'created' } },
    { name: sparkMaster.name, probe: { kind: 'http', address: at('SPARK_MASTER_UI_PORT'), path: '/json/' } },
    { name: sparkWorker.name, probe: { kind: 'http', address: at('SPARK_WORKER_UI_PORT'), path: '/json/' } },
    {
      name: sparkStreaming.name,
      probe: { kind: 'http', address: at('SPARK_APP_UI_PORT'), path: '/api/v1/applications' },
    },
    { name: producer.name, probe: { kind: 'records' } },
    { name: NAME, probe: { kind: 'self' } },
  ];
}

/** How long a command waits for the dashboard. */
const TELL_MS = 2000;

/**
 * Tells the dashboard of the stack what a command has done, so that its page shows it. A dashboard
 * that does not answer misses it, which changes nothing for the command.
 */
export async function tellDashboard({ host, port }: Address, notice: Notice): Promise<void> {
  const body = JSON.stringify('text' in notice ? { ...notice, text: shortText(notice.text) } : notice);
  await new Promise<void>((resolve) => {
    const headers = { Host: `localhost:${port}`, 'Content-Type': 'application/json' };
    const sent = request({ host, port, path: '/api/notices', method: 'POST', headers, agent: direct });
    sent.setTimeout(TELL_MS, () => sent.destroy());
    sent.on('response', (answer) => answer.resume());
    sent.on('error', () => resolve());
    sent.on('close', () => resolve());
    sent.end(body);
  });
}
