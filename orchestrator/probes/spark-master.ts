import { z } from 'zod';
import { notReady, type Probe, ready } from '../core/probe.ts';
import type { Address } from '../runtime/runtime.ts';
import { readJson } from './read-json.ts';

/**
 * The part that we read of the standalone master's `/json/` page.
 * Source: org.apache.spark.deploy.JsonProtocol.writeMasterState.
 */
const masterState = z.object({
  status: z.string(),
  workers: z.array(z.object({ state: z.string(), cores: z.number(), memory: z.number() })),
});

/** Ready when the master's page says ALIVE. */
export function sparkMasterProbe(ui: Address): Probe {
  return {
    name: `Spark master at http://${ui.host}:${ui.port}`,
    async check(signal) {
      const { status } = await readMaster(ui, signal);
      return status === 'ALIVE' ? ready('ALIVE') : notReady(`its status is ${status}`);
    },
  };
}

/** Ready when at least `workers` workers are registered alive at the master with their cores. */
export function sparkWorkerProbe(masterUi: Address, workers: number): Probe {
  return {
    name: 'Spark worker',
    async check(signal) {
      const state = await readMaster(masterUi, signal);
      const alive = state.workers.filter((worker) => worker.state === 'ALIVE' && worker.cores > 0);
      if (alive.length < workers)
        return notReady(`${alive.length} of ${workers} workers registered at the master`);
      const cores = alive.reduce((sum, worker) => sum + worker.cores, 0);
      const memoryMb = alive.reduce((sum, worker) => sum + worker.memory, 0);
      return ready(`${alive.length} registered, ${cores} cores, ${memoryMb} MiB`);
    },
  };
}

async function readMaster(ui: Address, signal: AbortSignal) {
  return masterState.parse(await readJson(ui, '/json/', signal));
}
