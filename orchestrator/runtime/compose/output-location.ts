import { join, posix } from 'node:path';
import type { StackConfig } from '../../config/stack-config.ts';
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
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(OUTPUT_PATH)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'file') return OUTPUT_PATH;
  const path = posix.normalize(OUTPUT_PATH.replace(/^file:(\/\/(?=\/))?/i, ''));
  if (path.startsWith(`${MOUNT}/`)) return join(outputDir, path.slice(MOUNT.length));
  throw new ProductError('BAD_SETTING', {
    message: `OUTPUT_PATH=${JSON.stringify(OUTPUT_PATH)} is not allowed with Compose: it must be below ${MOUNT}, where OUTPUT_DIR is mounted, or a URI of another file system.`,
    hint: `Set OUTPUT_DIR to the folder on this machine, and OUTPUT_PATH to ${MOUNT}/parquet or not at all.`,
  });
}
