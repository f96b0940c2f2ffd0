import { rmdirSync } from 'node:fs';
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

/**
 * Takes a lock between processes that share a folder, without waiting for its holder.
 * @param path the file; its parents are created
 * @returns the lock, or its holder where that can be read
 * @throws ProductError LOCK_UNAVAILABLE, OUTPUT_NOT_WRITABLE
 */
export async function tryFileLock(
  path: string,
): Promise<
  | { readonly lock: FileLock; readonly holder?: never }
  | { readonly lock?: never; readonly holder: LockHolder | undefined }
> {
  return tryKernelLock(path, ownIdentity()).catch((error: unknown) => {
    throw lockFailure(path, error);
  });
}

export interface FileLockWait {
  readonly signal: AbortSignal;
  /** Called whenever another process is found to hold it. */
  readonly onWait?: (holder: LockHolder | undefined) => void;
}

/**
 * Takes the lock, waiting for as long as others hold it.
 * @throws the signal's reason when aborted; ProductError LOCK_UNAVAILABLE, OUTPUT_NOT_WRITABLE
 */
export async function waitForFileLock(path: string, { signal, onWait }: FileLockWait): Promise<FileLock> {
  return waitForKernelLock(path, { signal, holder: ownIdentity(), ...(onWait && { onWait }) }).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      throw lockFailure(path, error);
    },
  );
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
