import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readAnyStamp, type Stamp } from './stamp.ts';

/** Free space that provisioning everything from nothing takes at its peak. */
export const COLD_CACHE_BYTES = 2_300_000_000;

/** The kinds of things in the cache; below each, one folder per version. */
const KINDS = ['java', 'pyspark', 'kafka', 'ivy'];

/** Every finished folder of the cache, of whatever version. */
export function provisionedFolders(
  cacheDir: string,
): readonly { readonly folder: string; readonly stamp: Stamp }[] {
  return KINDS.flatMap((kind) => {
    const parent = join(cacheDir, kind);
    if (!existsSync(parent)) return [];
    return readdirSync(parent, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(parent, name))
      .flatMap((folder) => {
        const stamp = readAnyStamp(folder);
        return stamp ? [{ folder, stamp }] : [];
      });
  });
}
