import { readFileSync } from 'node:fs';

/** In the environment of every service: the RUN_DIR of its stack, by which its processes are told from strangers. */
export const RUN_DIR_VARIABLE = 'MEDALLION_STREAM_RUN_DIR';

/** The RUN_DIR of the stack that a process belongs to; undefined for strangers and where the system does not tell. */
export function runDirOf(pid: number): string | undefined {
  let environment: string;
  try {
    environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    // Gone, another user's, or not Linux.
    return undefined;
  }
  const entry = environment.split('\0').find((line) => line.startsWith(`${RUN_DIR_VARIABLE}=`));
  return entry?.slice(RUN_DIR_VARIABLE.length + 1);
}
