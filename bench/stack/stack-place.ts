import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../orchestrator/settings/load-settings.ts';
import { type StackConfig, stackConfig } from '../../orchestrator/settings/stack-config.ts';
import { freePorts } from '../../tests/support/free-ports.ts';
import { projectDir } from '../../tests/support/project.ts';

const PORTS = [
  'ZOOKEEPER_PORT',
  'KAFKA_PORT',
  'SPARK_MASTER_PORT',
  'SPARK_MASTER_UI_PORT',
  'SPARK_APP_UI_PORT',
  'DASHBOARD_PORT',
  'SPARK_WORKER_UI_PORT',
] as const;

/** A local stack with its own ports and folders. */
export interface StackPlace {
  readonly folder: string;
  readonly config: StackConfig;
  /** The settings of the configuration, as environment variables. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Chooses free ports and a temporary folder. `.env` of the checkout does not apply here. */
export async function stackPlace(
  settings: Readonly<Record<string, string>>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StackPlace> {
  const folder = mkdtempSync(join(tmpdir(), 'medallion-bench-'));
  const ports = await freePorts(PORTS.length + 1);
  const flags = {
    RUNTIME: 'local',
    OUTPUT_DIR: join(folder, 'output'),
    RUN_DIR: join(folder, 'run'),
    ...Object.fromEntries(PORTS.map((name, index) => [name, String(ports[index])])),
    ...settings,
  };
  const loaded = loadSettings({ flags, environment: {}, projectDir: folder });
  return { folder, settings: flags, config: stackConfig(loaded, projectDir, environment) };
}
