import type { StackConfig } from '../../../config/stack-config.ts';
import type { RunLayout } from '../run-layout.ts';
import type { ServiceSpec } from '../supervisor/service-spec.ts';
import type { Toolchain } from '../toolchain.ts';

/** What a service's process is made of. */
export interface LaunchContext {
  readonly config: StackConfig;
  readonly layout: RunLayout;
  /** Asked for only by services that need it: it is there once their tools are provisioned. */
  readonly toolchain: () => Toolchain;
  /** Where the job writes, as its own processes see it. */
  readonly outputPath: string;
}

/** A service's process, and the folders and files that must be there first. */
export interface ProcessLaunch
  extends Pick<ServiceSpec, 'command' | 'args' | 'env' | 'cwd' | 'stopGraceMs' | 'cleanShutdownFile'> {
  /** Absolute. */
  readonly folders: readonly string[];
  readonly files: readonly ConfigFile[];
}

/** What a service needs to be started by the supervisor. */
export interface ServiceLaunch extends Pick<ProcessLaunch, 'folders' | 'files'> {
  readonly spec: ServiceSpec;
}

/** A file that is written anew at every start. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly content: string;
}
