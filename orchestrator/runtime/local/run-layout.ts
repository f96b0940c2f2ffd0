import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceName } from '../../core/services.ts';
import { type RunFolders, runFolders } from '../run-folders.ts';

/**
 * Longest path of a socket in bytes, its closing zero not counted: sun_path of unix(7) has 108 bytes on Linux and 104 on macOS.
 */
const MAX_SOCKET_PATH_BYTES = 103;

/** Where everything lies in RUN_DIR. */
export interface RunLayout extends RunFolders {
  readonly runDir: string;
  readonly supervisorLog: string;
  /** What the supervisor writes down at every change. */
  readonly stateFile: string;
  /** Held by the supervisor for its life. */
  readonly lock: string;
  /** Held while a supervisor is being started. */
  readonly launchLock: string;
  readonly zookeeper: string;
  readonly kafka: string;
  /** Temporary files of every service; emptied whenever a supervisor starts. */
  readonly scratch: string;
  readonly sparkConf: string;
  readonly sparkMaster: string;
  readonly sparkWork: string;
}

export function runLayout(runDir: string): RunLayout {
  const { logs, control } = runFolders(runDir);
  return {
    runDir,
    logs,
    supervisorLog: join(logs, 'supervisor.log'),
    stateFile: join(runDir, 'state.json'),
    control,
    lock: join(control, 'lock'),
    launchLock: join(control, 'launch-lock'),
    zookeeper: join(runDir, 'zookeeper'),
    kafka: join(runDir, 'kafka'),
    scratch: join(runDir, 'scratch'),
    sparkConf: join(runDir, 'spark-conf'),
    sparkMaster: join(runDir, 'spark-master'),
    sparkWork: join(runDir, 'spark-work'),
  };
}

export function serviceLogFile(layout: RunLayout, service: ServiceName): string {
  return join(layout.logs, `${service}.log`);
}

/**
 * Where the supervisor's socket may lie, best first: in the control folder, or where that file system has no sockets or the path
 * would be too long for the system, in a folder of its own elsewhere. The state file names the one in use.
 */
export function socketPaths(layout: RunLayout): readonly string[] {
  const name = `medallion-stream-${createHash('sha256').update(layout.runDir).digest('hex').slice(0, 16)}`;
  const elsewhere = [tmpdir(), process.env['XDG_RUNTIME_DIR'], '/tmp'].flatMap((folder) =>
    folder ? join(folder, name) : [],
  );
  return [...new Set([layout.control, ...elsewhere])]
    .map((folder) => join(folder, 'supervisor.sock'))
    .filter((path) => Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES);
}
