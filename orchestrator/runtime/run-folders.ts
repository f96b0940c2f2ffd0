import { join } from 'node:path';

/** The folders of RUN_DIR that every runtime uses. */
export interface RunFolders {
  readonly logs: string;
  /** Locks and sockets (0700); gone when nothing of the stack runs. */
  readonly control: string;
}

export function runFolders(runDir: string): RunFolders {
  return { logs: join(runDir, 'logs'), control: join(runDir, 'control') };
}
