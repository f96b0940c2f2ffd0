import type { StackConfig } from '../config/stack-config.ts';
import { freeBytes, LEAST_FREE_BYTES, megabytes } from '../runtime/free-space.ts';
import { COLD_CACHE_BYTES } from '../runtime/local/provision/provisioned-folders.ts';
import { installedPySpark } from '../runtime/local/provision/pyspark.ts';
import { toolEnvironment } from '../runtime/local/provision/tool-environment.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** Enough for an hour of the stack at its defaults: outputs, Kafka's log segments, service logs. */
const COMFORTABLE_BYTES = 2_000_000_000;

/** Free space where the cache, the outputs and the run folder are. */
export async function checkDisk(config: StackConfig): Promise<readonly DoctorCheck[]> {
  const isCacheFilled = installedPySpark(config, toolEnvironment(config.environment)) !== undefined;
  const places = [
    {
      name: 'disk of the cache',
      folder: config.cacheDir,
      neededBytes: isCacheFilled ? 0 : COLD_CACHE_BYTES,
      remedy: 'Free some space, or put the cache on another disk with XDG_CACHE_HOME.',
    },
    {
      name: 'disk of OUTPUT_DIR',
      folder: config.outputDir,
      neededBytes: LEAST_FREE_BYTES,
      remedy: 'Free some space, or set OUTPUT_DIR to a folder on another disk.',
    },
    {
      name: 'disk of RUN_DIR',
      folder: config.runDir,
      neededBytes: LEAST_FREE_BYTES,
      remedy: 'Free some space, or set RUN_DIR to a folder on another disk.',
    },
  ];
  return places.map(({ name, folder, neededBytes, remedy }): DoctorCheck => {
    const free = freeBytes(folder);
    const detail = `${megabytes(free)} free`;
    if (free < neededBytes) {
      return { name, state: 'problem', detail: `${detail}, ${megabytes(neededBytes)} needed`, remedy };
    }
    return free < COMFORTABLE_BYTES ? { name, state: 'note', detail, remedy } : { name, state: 'ok', detail };
  });
}
