import { mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { ProductError } from '../../../core/product-error.ts';

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
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  throw new ProductError('PROVISION_FAILED', {
    message: `${subject} needs ${megabytes(neededBytes)} of free disk space in ${folder}, and ${megabytes(freeBytes)} are free.`,
    hint: 'Free some space, or put the cache on another disk with XDG_CACHE_HOME, then run `npm run up` again.',
  });
}

/** Decimal megabytes, as package tools show them. */
export const megabytes = (bytes: number): string => `${Math.floor(bytes / 1e6)} MB`;
