import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ServiceOutline } from '../../services/service.ts';
import type { ServiceName } from '../../services/service-name.ts';
import type { ProcessIdentity } from '../../util/processes.ts';
import type { RunState } from '../runtime.ts';

/** The supervisor that holds the stack, as it recorded itself. */
interface RecordedSupervisor extends ProcessIdentity {
  readonly socket: string;
  readonly watchdog: number | undefined;
}

/** A service as the supervisor last knew it. Nothing of its environment is recorded. */
export interface RecordedService {
  readonly name: ServiceName;
  readonly state: RunState;
  readonly detail: string;
  readonly since: string;
  readonly restarts: number;
  readonly exitCode?: number | undefined;
  /** The main process while it runs. Its id is also the id of its process group. */
  readonly process?: ProcessIdentity | undefined;
  readonly stopGraceMs: number;
  /** Where the present process's output begins in the log, in bytes. */
  readonly logStart: number;
}

/**
 * What is known of the stack without any request. It is enough to observe the stack and to stop it
 * after the supervisor is gone.
 */
export interface RecordedState {
  readonly format: typeof STATE_FORMAT;
  /** Undefined after an orderly end. */
  readonly supervisor?: RecordedSupervisor | undefined;
  readonly services: readonly RecordedService[];
}

export const STATE_FORMAT = 1;

/** Replaces the state atomically; only its owner can read it. */
export function writeState(path: string, state: RecordedState): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}

/**
 * @returns undefined when nothing is recorded, or when this version did not write it. A power
 * failure can tear it; none of the processes survives that.
 */
export function readState(path: string): RecordedState | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  try {
    const state = JSON.parse(text) as Partial<RecordedState> | null;
    return state?.format === STATE_FORMAT && Array.isArray(state.services)
      ? (state as RecordedState)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The JSON that a supervisor gets in its arguments. */
export interface SupervisorTask {
  /** The services that it may be asked to run, in start order. */
  readonly services: readonly ServiceOutline[];
  /** Absolute paths of folders whose content belongs to processes of an earlier supervisor. */
  readonly emptied: readonly string[];
}
