import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceName } from '../../services/service-name.ts';
import { type RunFolders, runFolders, type StackConfig } from '../../settings/stack-config.ts';
import type { ServiceSpec } from './supervisor/service-spec.ts';

/** What a service needs to describe its process. */
export interface LaunchContext {
  readonly config: StackConfig;
  readonly layout: RunLayout;
  /** Called only by services that need it: it exists once their tools are provisioned. */
  readonly toolchain: () => Toolchain;
  /** Where the job writes, as its own processes see it. */
  readonly outputPath: string;
}

/** A service's process, and the folders and files that must exist before it starts. */
export interface ProcessLaunch
  extends Pick<ServiceSpec, 'command' | 'args' | 'env' | 'cwd' | 'stopGraceMs' | 'cleanShutdownFile'> {
  /** Absolute. */
  readonly folders: readonly string[];
  readonly files: readonly ConfigFile[];
}

/** What the supervisor needs to start a service. */
export interface ServiceLaunch extends Pick<ProcessLaunch, 'folders' | 'files'> {
  readonly spec: ServiceSpec;
}

/** A file that is rewritten at every start. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly content: string;
}

/**
 * Longest path of a socket in bytes, without its closing zero: sun_path of unix(7) has 108 bytes on
 * Linux and 104 on macOS.
 */
const MAX_SOCKET_PATH_BYTES = 103;

/** A folder of RUN_DIR that a service writes. */
export interface ServiceFolder {
  /** Its name in RUN_DIR. */
  readonly name: string;
  /** What is in it, for the report of a wipe: "Kafka's data". */
  readonly title: string;
  /**
   * `topic`: data that a topic consists of, which are kept with it; `transient`: nothing that
   * outlasts a stop.
   */
  readonly holds: 'topic' | 'transient';
  /**
   * Its content belongs to processes that end with their supervisor. The next supervisor begins
   * without it.
   */
  readonly endsWithSupervisor?: true;
  /**
   * Matches the path below it, `/` between names, of every file and folder that it may hold. A wipe
   * refuses anything else. Absent where programs choose names freely.
   */
  readonly allowed?: RegExp;
}

/** The places of all files in RUN_DIR. */
export interface RunLayout extends RunFolders {
  readonly runDir: string;
  readonly supervisorLog: string;
  /** The supervisor rewrites it at every change. */
  readonly stateFile: string;
  /** The supervisor holds it for its whole life. */
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

/** @param serviceFolders of all services of the stack, in start order */
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
 * Returns the possible paths of the supervisor's socket, best first: in the control folder, or in a
 * folder of its own elsewhere, where that file system has no sockets or the path would be too long
 * for the system. The state file names the path in use.
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

/** The steps of provisioning. */
export type Tool = 'java' | 'pyspark' | 'kafka-jars' | 'connector';

/**
 * What the local runtime has provisioned or found: the absolute paths in the services' command
 * lines.
 */
export interface Toolchain {
  /** A JAVA_HOME of version 8, 11 or 17 (`bin/java` lies below it). */
  readonly javaHome: string;
  /** The venv's Python, in which pyspark of SPARK_VERSION is importable. */
  readonly python: string;
  /** pyspark's package folder: `bin/spark-submit` and `jars/` lie below it. */
  readonly sparkHome: string;
  /**
   * Folder of the jars of Kafka, ZooKeeper and an slf4j binding; the class path is `kafkaJars/*`.
   */
  readonly kafkaJars: string;
  /** `spark.jars.ivy`: writable, kept across runs, so that `--packages` downloads once. */
  readonly ivyDir: string;
  /**
   * JVM options by which Java trusts the private CA that the machine trusts; empty when none is
   * set.
   */
  readonly jvmTrustOptions: readonly string[];
}

/**
 * A variable in the environment of every service: the RUN_DIR of its stack. It distinguishes the
 * stack's processes from others.
 */
export const RUN_DIR_VARIABLE = 'MEDALLION_STREAM_RUN_DIR';

/**
 * Returns the RUN_DIR of the stack that a process belongs to; undefined for other processes and
 * where the system does not reveal it.
 */
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
