import { join } from 'node:path';
import { TYPESCRIPT_LOADER } from '../../typescript-loader.ts';
import { serviceEnvironment } from './service-environment.ts';
import type { LaunchContext, ProcessLaunch } from './service-launch.ts';

/** A program of this checkout that runs in Node. */
export interface NodeProgram {
  /** Below the checkout. */
  readonly script: string;
  readonly stopGraceMs: number;
  /** Its settings, as environment variables. */
  readonly settings: Readonly<Record<string, string>>;
}

/** How a service that is a Node program and speaks to Kafka is started. */
export function nodeLaunch({ config, layout }: LaunchContext, program: NodeProgram): ProcessLaunch {
  return {
    command: process.execPath,
    args: [...TYPESCRIPT_LOADER, join(config.projectDir, program.script)],
    env: {
      ...serviceEnvironment(config.environment, layout),
      KAFKA_BOOTSTRAP_SERVERS: `localhost:${config.settings.KAFKA_PORT}`,
      ...program.settings,
    },
    cwd: config.projectDir,
    stopGraceMs: program.stopGraceMs,
    folders: [layout.scratch],
    files: [],
  };
}
