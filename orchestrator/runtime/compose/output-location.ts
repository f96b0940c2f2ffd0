import { join } from 'node:path';
import { shownValue } from '../../../producer/shown-value.ts';
import type { StackConfig } from '../../config/stack-config.ts';
import { localPath } from '../../core/local-path.ts';
import { ProductError } from '../../core/product-error.ts';

/** Where docker-compose.yml mounts OUTPUT_DIR. */
const MOUNT = '/opt/spark-output';

/**
 * OUTPUT_PATH, which the containers read, as this machine sees it.
 * @throws ProductError BAD_SETTING for a path in the containers that is not on this machine
 */
export function hostOutputPath({ settings, outputDir }: StackConfig): string {
  const { OUTPUT_PATH } = settings;
  if (OUTPUT_PATH === undefined) return join(outputDir, 'parquet');
  const path = localPath(OUTPUT_PATH);
  if (path === undefined) return OUTPUT_PATH;
  if (path.startsWith(`${MOUNT}/`)) return join(outputDir, path.slice(MOUNT.length));
  throw new ProductError('BAD_SETTING', {
    message: `OUTPUT_PATH=${shownValue(OUTPUT_PATH)} is not allowed with Compose: it must be below ${MOUNT}, where OUTPUT_DIR is mounted, or a URI of another file system.`,
    hint: `Set OUTPUT_DIR to the folder on this machine, and OUTPUT_PATH to ${MOUNT}/parquet or not at all.`,
  });
}
