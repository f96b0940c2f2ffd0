import { notReady, type Probe, type ProbeAnswer, ready } from '../core/probe.ts';
import { triggerIntervalMs, untilNextTriggerMs } from '../core/trigger.ts';
import { firstDataCommitted, streamingStartFixed } from '../outputs/checkpoint-state.ts';
import type { ServiceObservation } from '../runtime/runtime.ts';
import { readProgress } from './progress.ts';

/** What both probes of the job look at. */
export interface StreamingJobView {
  /** The job's present process: a restart begins with an empty log. */
  observe(): Promise<ServiceObservation>;
  /** Where the job writes, as this machine sees it; undefined when it is not on the local disk. */
  readonly outputPath: string | undefined;
}

/** The job's word that every query runs; what is committed says so as well, when that line is too far back. */
const RUNNING = '[spark-streaming] query running';

/** Ready when every query of the present process runs and has fixed its start offsets in its checkpoint. */
export function streamingJobProbe(view: StreamingJobView): Probe {
  return {
    name: 'the streaming job',
    async check() {
      const { recentLines, detail } = await view.observe();
      if (!isRunning(recentLines)) return notReady(lastWord(recentLines, detail));
      if (view.outputPath === undefined) return ready('every query runs, its start offsets are fixed');
      const start = await streamingStartFixed(view.outputPath);
      return start.fixed ? ready(`every query runs, ${start.detail}`) : notReady(start.detail);
    },
  };
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

function isRunning(recentLines: readonly string[]): boolean {
  const { ingest, gold } = readProgress(recentLines);
  return ingest.length > 0 || gold.size > 0 || recentLines.some((line) => line.startsWith(RUNNING));
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

function lastWord(recentLines: readonly string[], detail: string): string {
  const own = recentLines.findLast((line) => line.startsWith('[spark-streaming]'));
  return own ?? recentLines.at(-1)?.trim() ?? `no output yet, ${detail}`;
}
