import { readdirSync, readFileSync } from 'node:fs';

/**
 * Command lines of living processes that mention a text, such as a test's folder. Linux only: it
 * reads /proc.
 * @returns pid and command line, words joined by blanks
 */
export function processesOf(text: string): { pid: number; command: string }[] {
  const found = [];
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const command = readIfAlive(`/proc/${entry}/cmdline`)?.replaceAll('\0', ' ').trim() ?? '';
    if (command.includes(text) || readIfAlive(`/proc/${entry}/environ`)?.includes(text)) {
      if (Number(entry) !== process.pid) found.push({ pid: Number(entry), command });
    }
  }
  return found;
}

/** Undefined when the process is gone, or is another user's. */
function readIfAlive(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
