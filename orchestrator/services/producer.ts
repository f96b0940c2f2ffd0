import { join } from 'node:path';
import { ANSWER_KEY_FILE } from '../lake/sinks.ts';
import { pipelineFolder } from '../pipeline/load-pipeline.ts';
import { nodeLaunch } from '../runtimes/local/process-launch.ts';
import { settingsFor } from '../settings/load-settings.ts';
import { notReady, type Probe, ready } from '../util/readiness.ts';
import { kafkaInit } from './kafka-init.ts';
import { FINAL_EXIT_CODES, type Service, type ServiceView } from './service.ts';
import { sparkStreaming } from './spark-streaming.ts';

const NAME = 'producer';

/** Feeds the topic. On SIGTERM it sends what it holds and reports before it ends. */
export const producer: Service = {
  name: NAME,
  title: 'Producer',
  kind: 'daemon',
  after: [kafkaInit.name],
  // The job would never read records that are sent before it has fixed its start offsets.
  afterWith: ({ STARTING_OFFSETS }) => (STARTING_OFFSETS === 'latest' ? [sparkStreaming.name] : []),
  isPartOf: ({ PRODUCERS }) => PRODUCERS > 0,
  ports: [],
  settingsUsedBy: ['producer'],
  // It writes its answer key there.
  writesOutputs: true,
  readyTimeoutMs: 120_000,
  mayRestartBeforeReady: false,
  readiness: producerProbe,
  finalExitCodes: FINAL_EXIT_CODES,
  knownCauses: [],
  faults: [{ target: NAME, drawOrder: 7, longPauseMs: [5000, 20_000] }],
  asProcess: {
    tools: [],
    folders: [],
    launch: (context) =>
      nodeLaunch(context, {
        script: 'producer/main.ts',
        stopGraceMs: 15_000,
        settings: {
          ...settingsFor('producer', context.config.settings),
          PIPELINE: pipelineFolder(context.config.settings.PIPELINE, context.config.projectDir),
          ANSWER_KEY: join(context.config.outputDir, ANSWER_KEY_FILE),
        },
      }),
  },
  inContainer: { image: 'built', volumes: [] },
};

/**
 * Ready when the producer's own lines report that the broker acknowledged records of its present
 * process.
 */
function producerProbe({ observe }: ServiceView): Probe {
  return {
    name: 'the producer',
    readsOutput: true,
    async check() {
      const { recentLines, detail } = await observe();
      for (const line of recentLines.toReversed()) {
        const acknowledged = /\backed=(\d+)|first records acknowledged: (\d+)/.exec(line);
        const count = Number(acknowledged?.[1] ?? acknowledged?.[2] ?? 0);
        const isDone = line.includes(' done: ');
        if (count > 0) return ready(`${count} records acknowledged${isDone ? ', which is all of them' : ''}`);
      }
      return notReady(recentLines.at(-1) ?? `no output yet, ${detail}`);
    },
  };
}
