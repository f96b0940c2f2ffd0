import { join, resolve } from 'node:path';
import type { StackConfig } from '../../config/stack-config.ts';

/** OUTPUT_PATH, a relative path taken from the checkout as in the other settings; a URI as it is. */
export function localOutputPath({ settings, projectDir, outputDir }: StackConfig): string {
  const { OUTPUT_PATH } = settings;
  if (OUTPUT_PATH === undefined) return join(outputDir, 'parquet');
  return /^[a-z][a-z0-9+.-]*:/i.test(OUTPUT_PATH) ? OUTPUT_PATH : resolve(projectDir, OUTPUT_PATH);
}
