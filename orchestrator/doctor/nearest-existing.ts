import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

/** A folder, or the nearest above it that exists: where it would be made. */
export function nearestExisting(folder: string): string {
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  return existing;
}
