import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** A lock that this process holds until it releases it or ends. */
export interface FileLock {
  release(): void;
}

/** Rounds in which another candidate is given way to before it counts as the owner: it may have been halted. */
const COURTESY_ROUNDS = 100;

/**
 * Takes a lock between processes of one machine, without waiting for an owner.
 *
 * The lock is a folder in which everyone who wants it puts an empty file named after its process (id and start time), and a
 * second one when it holds the lock. Files of processes that are gone count for nothing, so a crash leaves no lock behind.
 * A name is never used twice, hence removing a dead one cannot hit a live one, which a single lock file does not allow.
 * Of two who come at the same moment at least one sees the other, and whoever sees another candidate gives way and tries again.
 *
 * @param path the folder; its parents are created
 * @returns the lock, or the process that holds it
 */
export async function tryFileLock(
  path: string,
): Promise<
  | { readonly lock: FileLock; readonly owner?: never }
  | { readonly lock?: never; readonly owner: ProcessIdentity }
> {
  for (let round = 1; ; round++) {
    const claim = new Claim(path);
    const [other] = livingClaims(path)
      .filter(({ stem }) => stem !== claim.stem)
      .toSorted((one, two) => Number(two.held) - Number(one.held));
    if (!other) {
      claim.hold();
      return { lock: claim };
    }
    claim.release();
    if (other.held || round === COURTESY_ROUNDS) return { owner: other.owner };
    await sleep(2 + Math.random() * 20);
  }
}

/** The process that holds a lock now, without trying to take it: whoever tries may be in the way of others. */
export function fileLockOwner(path: string): ProcessIdentity | undefined {
  try {
    return livingClaims(path).find(({ held }) => held)?.owner;
  } catch (error) {
    // Released, and its folder removed with it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export interface FileLockWait {
  readonly signal: AbortSignal;
  /** Called whenever another process is found to hold it. */
  readonly onWait?: (owner: ProcessIdentity) => void;
}

const POLL_MS = 100;

/**
 * Takes the lock, waiting for as long as others hold it.
 * @throws the signal's reason when aborted
 */
export async function waitForFileLock(path: string, { signal, onWait }: FileLockWait): Promise<FileLock> {
  let waitedFor: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    const attempt = await tryFileLock(path);
    if (attempt.lock) return attempt.lock;
    if (waitedFor !== attempt.owner.pid) onWait?.(attempt.owner);
    waitedFor = attempt.owner.pid;
    await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

const HELD = '.held';
const STEM = /^(?<pid>\d+)\.(?<start>[\w-]+)\.[\w-]+$/;

class Claim implements FileLock {
  readonly stem: string;
  readonly #path: string;

  constructor(path: string) {
    const { pid, startTime } = ownIdentity();
    this.#path = path;
    // The random part tells two claims of one process apart.
    this.stem = `${pid}.${Buffer.from(startTime).toString('base64url')}.${randomUUID()}`;
    mkdirSync(dirname(path), { recursive: true });
    while (!this.#enter());
  }

  /** False when another process removed the folder, having released the lock, before the file was in it. */
  #enter(): boolean {
    try {
      mkdirSync(this.#path, { recursive: true, mode: 0o700 });
      writeFileSync(join(this.#path, this.stem), '', { flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  /** A second file, not a new name for the first: a listing taken during a rename may show neither name. */
  hold(): void {
    writeFileSync(join(this.#path, this.stem + HELD), '', { flag: 'wx' });
  }

  release(): void {
    rmSync(join(this.#path, this.stem + HELD), { force: true });
    rmSync(join(this.#path, this.stem), { force: true });
    removeIfEmpty(this.#path);
  }
}

/** Claims of processes that live; the others are removed on the way. */
function livingClaims(path: string): { stem: string; owner: ProcessIdentity; held: boolean }[] {
  const names = readdirSync(path);
  const living = [];
  for (const stem of names) {
    const found = STEM.exec(stem)?.groups;
    if (!found) continue;
    const startTime = Buffer.from(found['start'] ?? '', 'base64url').toString();
    const owner = { pid: Number(found['pid']), startTime };
    if (isAlive(owner)) living.push({ stem, owner, held: names.includes(stem + HELD) });
    else {
      rmSync(join(path, stem + HELD), { force: true });
      rmSync(join(path, stem), { force: true });
    }
  }
  return living;
}

/** Removes a folder unless something is in it or it is gone. */
export function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(code)) throw error;
  }
}
