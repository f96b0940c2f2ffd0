import { rmdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import {
  type LockHolder,
  LockUnavailable,
  lockHolder,
  tryKernelLock,
  waitForKernelLock,
} from './kernel-lock.mjs';
import { isAlive, ownIdentity, type ProcessIdentity } from './processes.ts';
import { ProductError } from './product-error.ts';

/** A lock that this process holds until it releases it or ends. */
export interface FileLock {
  release(): void;
}

type LockAttempt =
  | { readonly lock: FileLock; readonly holder?: never }
  | { readonly lock?: never; readonly holder: LockHolder | undefined };

/** How long the kernel may take to free the lock of a killed process. */
const EXIT_TIMEOUT_MS = 1000;

/**
 * Takes a lock between processes that share a folder, without waiting for its holder. Only for the
 * lock of a process that has just died it waits, for a second at most.
 *
 * @param path the file; its parents are created
 * @returns the lock, or who holds it where that can be read
 * @throws ProductError LOCK_UNAVAILABLE, OUTPUT_NOT_WRITABLE
 */
export async function tryFileLock(path: string): Promise<LockAttempt> {
  const attempt = await tryKernelLock(path, ownIdentity()).catch((error: unknown) => {
    throw lockFailure(path, error);
  });
  if (attempt.lock || !isDying(attempt.holder)) return attempt;
  const signal = AbortSignal.timeout(EXIT_TIMEOUT_MS);
  try {
    return { lock: await waitForFileLock(path, { signal }) };
  } catch (error) {
    if (!signal.aborted) throw error;
    return { holder: lockHolder(path) };
  }
}

/**
 * Whether a holder on this machine is no longer in the list of processes: a killed process can leave
 * the list before its lock is free. In another PID namespace a living holder looks the same.
 */
function isDying(holder: LockHolder | undefined): boolean {
  return holder?.startTime !== undefined && holder.host === hostname() && livingHolder(holder) === undefined;
}

export interface FileLockWait {
  readonly signal: AbortSignal;
  /** Called whenever another process is found to hold it. */
  readonly onWait?: (holder: LockHolder | undefined) => void;
  /** For whom this process takes it, such as a checkout: others that wait are told. */
  readonly folder?: string;
}

/**
 * Takes the lock, waiting for as long as others hold it.
 * @throws the signal's reason when aborted; ProductError LOCK_UNAVAILABLE, OUTPUT_NOT_WRITABLE
 */
export async function waitForFileLock(
  path: string,
  { signal, onWait, folder }: FileLockWait,
): Promise<FileLock> {
  const holder = { ...ownIdentity(), ...(folder !== undefined && { folder }) };
  return waitForKernelLock(path, { signal, holder, ...(onWait && { onWait }) }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw lockFailure(path, error);
  });
}

/**
 * Returns the process that wrote itself into the lock's file, if it lives and is visible from here.
 */
export function livingHolder(holder: LockHolder | undefined): ProcessIdentity | undefined {
  if (holder?.startTime === undefined) return undefined;
  const identity = { pid: holder.pid, startTime: holder.startTime };
  return isAlive(identity) ? identity : undefined;
}

/**
 * Returns the process that holds a lock now, without trying to take it: an attempt could block
 * other processes.
 */
export function fileLockOwner(path: string): ProcessIdentity | undefined {
  return livingHolder(lockHolder(path));
}

/** "process 12", with its host or container unless the process is visible from here. */
export function describeHolder(holder: LockHolder | undefined): string {
  if (!holder) return 'another process';
  return `process ${holder.pid}${livingHolder(holder) ? '' : ` on ${holder.host}`}`;
}

function lockFailure(path: string, error: unknown): unknown {
  if (error instanceof LockUnavailable) {
    return new ProductError('LOCK_UNAVAILABLE', {
      message: `No lock can be taken in ${dirname(path)}: ${error.message}.`,
      hint: 'Install util-linux, or name a folder on a file system that has locks (RUN_DIR, XDG_CACHE_HOME).',
      cause: error,
    });
  }
  return error;
}

/** Removes a folder unless something is in it or it does not exist. */
export function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(code)) throw error;
  }
}
