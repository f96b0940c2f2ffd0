import { notReady, type Probe, type ProbeAnswer, ready } from '../core/probe.ts';
import { triggerIntervalMs, untilNextTriggerMs } from '../core/trigger.ts';
import { firstDataCommitted } from '../outputs/checkpoint-state.ts';
import type { ServiceObservation } from '../runtime/runtime.ts';
import { readProgress } from './progress.ts';

/** What the probe looks at. */
export interface StreamingJobView {
  /** The job's present process: a restart begins with an empty log. */
  observe(): Promise<ServiceObservation>;
  /** Where the job writes, as this machine sees it; undefined when it is not on the local disk. */
  readonly outputPath: string | undefined;
}

/**
 * Ready when the present process has committed a micro-batch with data and bronze and silver files are there. While it
 * waits, it says when the next trigger is due.
 */
export function firstDataProbe(view: StreamingJobView, triggerInterval: string): Probe {
  return {
    name: 'the first micro-batch with data',
    async check() {
      const { recentLines } = await view.observe();
      const committed = readProgress(recentLines).ingest.some(({ rows }) => (rows['bronze'] ?? 0) > 0);
      if (committed && view.outputPath === undefined) return ready('committed');
      const files = await fileState(view.outputPath);
      if (committed && files.ready) return files;
      return notReady(
        `${files.ready ? 'no batch of this run is committed yet' : files.detail}; ${due(triggerInterval)}`,
      );
    },
  };
}

async function fileState(outputPath: string | undefined): Promise<ProbeAnswer> {
  if (outputPath === undefined) return notReady('no batch is committed yet');
  const { committed, detail } = await firstDataCommitted(outputPath);
  return { ready: committed, detail };
}

/** Wording with whole seconds, so that a display changes once a second at most. */
function due(triggerInterval: string): string {
  const untilMs = untilNextTriggerMs(triggerIntervalMs(triggerInterval), Date.now());
  return `next trigger in ${Math.ceil(untilMs / 1000)} s`;
}
