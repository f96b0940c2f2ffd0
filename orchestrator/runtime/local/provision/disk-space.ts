import { accessSync, constants, mkdirSync } from 'node:fs';
import { messageOf, ProductError } from '../../../core/product-error.ts';
import { freeBytes, megabytes } from '../../free-space.ts';

/**
 * Makes sure that something fits before its download begins.
 * @param folder where it goes; made when missing
 * @throws ProductError PROVISION_FAILED with both sizes
 */
export async function checkDiskSpace(
  folder: string,
  { subject, neededBytes }: { readonly subject: string; readonly neededBytes: number },
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const free = freeBytes(folder);
  if (free >= neededBytes) return;
  throw new ProductError('PROVISION_FAILED', {
    message: `${subject} needs ${megabytes(neededBytes)} of free disk space in ${folder}, and ${megabytes(free)} are free.`,
    hint: 'Free some space, or put the cache on another disk with XDG_CACHE_HOME, then run `npm run up` again.',
  });
}

/**
 * Makes the cache's folder, or finds that it cannot be used.
 * @throws ProductError PROVISION_FAILED
 */
export function assertCacheWritable(cacheDir: string): void {
  try {
    mkdirSync(cacheDir, { recursive: true });
    accessSync(cacheDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ProductError('PROVISION_FAILED', {
      message: `The cache folder ${cacheDir} cannot be written: ${messageOf(error)}.`,
      hint: 'Change its permissions, or put the cache elsewhere with XDG_CACHE_HOME.',
      cause: error,
    });
  }
}
