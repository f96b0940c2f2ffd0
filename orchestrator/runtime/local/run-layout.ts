import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceName } from '../../services/service-name.ts';
import { type RunFolders, runFolders } from '../run-folders.ts';

/**
 * Longest path of a socket in bytes, its closing zero not counted: sun_path of unix(7) has 108 bytes on Linux and 104 on macOS.
 */
const MAX_SOCKET_PATH_BYTES = 103;

/** A folder of RUN_DIR that a service writes. */
export interface ServiceFolder {
  /** Its name in RUN_DIR. */
  readonly name: string;
  /** What is in it, for the report of a wipe: "Kafka's data". */
  readonly title: string;
  /** `topic`: data that a topic consists of, which are kept with it; `transient`: nothing that outlasts a stop. */
  readonly holds: 'topic' | 'transient';
  /** What is in it belongs to processes that end with their supervisor: the next one begins without it. */
  readonly endsWithSupervisor?: true;
  /**
   * Matches the path below it, `/` between names, of every file and folder that it may hold; a wipe refuses anything else.
   * Absent where programs choose names freely.
   */
  readonly allowed?: RegExp;
}

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
  /** Temporary files of every service; emptied whenever a supervisor starts. */
  readonly scratch: string;
  readonly sparkConf: string;
  readonly sparkWork: string;
  /** The folders of services. */
  readonly serviceFolders: readonly (ServiceFolder & { readonly path: string })[];
}

/** The name of a worker's folder, in which executors run. */
export const SPARK_WORK_FOLDER = 'spark-work';

/** @param serviceFolders of all services of the stack, in the order of their start */
export function runLayout(runDir: string, serviceFolders: readonly ServiceFolder[] = []): RunLayout {
  const { logs, control } = runFolders(runDir);
  return {
    runDir,
    logs,
    supervisorLog: join(logs, 'supervisor.log'),
    stateFile: join(runDir, 'state.json'),
    control,
    lock: join(control, 'lock'),
    launchLock: join(control, 'launch-lock'),
    scratch: join(runDir, 'scratch'),
    sparkConf: join(runDir, 'spark-conf'),
    sparkWork: join(runDir, SPARK_WORK_FOLDER),
    serviceFolders: serviceFolders.map((folder) => ({ ...folder, path: join(runDir, folder.name) })),
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
