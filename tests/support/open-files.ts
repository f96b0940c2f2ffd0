import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Returns what the open files of a process are on Linux, without those that it closes meanwhile. */
export function openFiles(pid: number | undefined): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return readlinkSync(join(folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
}
