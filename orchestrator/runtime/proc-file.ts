import { readFileSync } from 'node:fs';

/** A file of Linux's /proc; undefined when the process or thread that it is about has ended, also between opening and reading. */
export function readProcFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
