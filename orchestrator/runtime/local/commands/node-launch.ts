import { join } from 'node:path';
import { settingsFor } from '../../../config/load-settings.ts';
import type { StackConfig } from '../../../config/stack-config.ts';
import { ANSWER_KEY_FILE } from '../../../core/answer-key-file.ts';
import { TYPESCRIPT_LOADER } from '../../typescript-loader.ts';
import type { RunLayout } from '../run-layout.ts';
import { RESTART_POLICY } from './restart-policy.ts';
import { serviceEnvironment } from './service-environment.ts';
import type { ServiceLaunch } from './service-launch.ts';

/** Creates the topic, once. */
export function kafkaInitLaunch(config: StackConfig, layout: RunLayout): ServiceLaunch {
  return nodeLaunch('kafka-init', 'one-shot', 5000, config, layout, {
    script: 'orchestrator/stack/create-topic-main.ts',
    settings: settingsFor('kafka-init', config.settings),
  });
}

/** Feeds the topic; on SIGTERM it sends what it holds and reports before it ends. */
export function producerLaunch(config: StackConfig, layout: RunLayout): ServiceLaunch {
  return nodeLaunch('producer', 'daemon', 15_000, config, layout, {
    script: 'producer/main.ts',
    settings: {
      ...settingsFor('producer', config.settings),
      ANSWER_KEY: join(config.outputDir, ANSWER_KEY_FILE),
    },
  });
}

function nodeLaunch(
  name: 'kafka-init' | 'producer',
  kind: 'one-shot' | 'daemon',
  stopGraceMs: number,
  config: StackConfig,
  layout: RunLayout,
  program: { readonly script: string; readonly settings: Readonly<Record<string, string>> },
): ServiceLaunch {
  return {
    spec: {
      name,
      kind,
      command: process.execPath,
      args: [...TYPESCRIPT_LOADER, join(config.projectDir, program.script)],
      env: {
        ...serviceEnvironment(config.environment, layout),
        KAFKA_BOOTSTRAP_SERVERS: `localhost:${config.settings.KAFKA_PORT}`,
        ...program.settings,
      },
      cwd: config.projectDir,
      stopGraceMs,
      restart: RESTART_POLICY,
    },
    folders: [layout.scratch],
    files: [],
  };
}
