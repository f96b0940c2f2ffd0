import { join, resolve } from 'node:path';
import type { StackConfig } from '../../config/stack-config.ts';
import type { Endpoints } from '../runtime.ts';

/** Where the services of a configuration answer. */
export function endpointsOf({ settings }: StackConfig): Endpoints {
  const at = (port: number) => ({ host: '127.0.0.1', port });
  return {
    zookeeper: at(settings.ZOOKEEPER_PORT),
    kafka: at(settings.KAFKA_PORT),
    sparkMaster: at(settings.SPARK_MASTER_PORT),
    sparkMasterUi: at(settings.SPARK_MASTER_UI_PORT),
    sparkWorkerUi: at(settings.SPARK_WORKER_UI_PORT),
    sparkAppUi: at(settings.SPARK_APP_UI_PORT),
  };
}

/** OUTPUT_PATH, a relative path taken from the checkout as in the other settings; a URI as it is. */
export function localOutputPath({ settings, projectDir, outputDir }: StackConfig): string {
  const { OUTPUT_PATH } = settings;
  if (OUTPUT_PATH === undefined) return join(outputDir, 'parquet');
  return /^[a-z][a-z0-9+.-]*:/i.test(OUTPUT_PATH) ? OUTPUT_PATH : resolve(projectDir, OUTPUT_PATH);
}
