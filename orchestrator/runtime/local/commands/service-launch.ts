import type { ServiceSpec } from '../supervisor/service-spec.ts';

/** What a service needs to be started: its process, and the folders and files that must be there first. */
export interface ServiceLaunch {
  readonly spec: ServiceSpec;
  /** Absolute. */
  readonly folders: readonly string[];
  readonly files: readonly ConfigFile[];
}

/** A file that is written anew at every start. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly content: string;
}
