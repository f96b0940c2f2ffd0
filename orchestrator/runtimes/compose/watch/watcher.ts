import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServiceOutline } from '../../../services/service.ts';
import { runFolders } from '../../../settings/stack-config.ts';
import {
  describeHolder,
  fileLockOwner,
  livingHolder,
  tryFileLock,
  waitForFileLock,
} from '../../../util/file-lock.ts';
import { type ProcessIdentity, TYPESCRIPT_LOADER } from '../../../util/processes.ts';
import { messageOf, ProductError } from '../../../util/product-error.ts';
import { userCommand } from '../../../util/user-command.ts';
import type { Engine, Environment } from '../engine.ts';

const WATCH_MAIN = fileURLToPath(new URL('./watch-main.ts', import.meta.url));

/** It ends by itself soon after the last container is gone. */
const END_TIMEOUT_MS = 5000;

/**
 * Watchers that this process has started, by lock. One that has only just begun does not hold its
 * lock yet.
 */
const started = new Map<string, ChildProcess>();

/**
 * Controls the detached process that starts again what `docker kill` ends. That process lives as
 * long as the project has containers.
 */
export class Watcher {
  readonly #lockPath: string;
  readonly #logPath: string;
  readonly #arguments: readonly string[];
  readonly #environment: Environment;

  constructor(
    runDir: string,
    { host }: Engine,
    project: string,
    services: readonly ServiceOutline[],
    environment: Environment,
  ) {
    const { logs, control } = runFolders(runDir);
    this.#logPath = join(logs, 'compose-watch.log');
    this.#lockPath = join(control, 'compose-watch.lock');
    this.#arguments = [host, project, this.#lockPath, this.#logPath, JSON.stringify(services)];
    this.#environment = environment;
  }

  /**
   * Starts the watcher unless one is running. Events since this call are replayed once it listens.
   * @throws ProductError STEP_FAILED when the machine starts no more processes
   */
  async ensure(): Promise<void> {
    const { lock } = await tryFileLock(this.#lockPath);
    if (!lock) return;
    lock.release();
    mkdirSync(dirname(this.#logPath), { recursive: true });
    const log = openSync(this.#logPath, 'a');
    try {
      const since = String(Date.now());
      const child = spawn(process.execPath, [...TYPESCRIPT_LOADER, WATCH_MAIN, ...this.#arguments, since], {
        detached: true,
        env: this.#environment,
        stdio: ['ignore', log, log],
      });
      await once(child, 'spawn');
      child.unref();
      started.set(this.#lockPath, child);
    } catch (error) {
      throw new ProductError('STEP_FAILED', {
        message: `The watcher of the Compose stack could not be started: ${messageOf(error)}.`,
        hint: `Free memory or processes on this machine, then run \`${userCommand('up')}\` again.`,
        cause: error,
      });
    } finally {
      closeSync(log);
    }
  }

  /** Returns the process that watches now, if there is one. */
  process(): ProcessIdentity | undefined {
    return fileLockOwner(this.#lockPath);
  }

  /**
   * Waits for its end after the last container is gone, and forces the end if necessary.
   * @throws ProductError STOP_FAILED
   */
  async ended(): Promise<void> {
    const child = started.get(this.#lockPath);
    if (child?.exitCode === null && child.signalCode === null) {
      child.ref();
      // A watcher that takes longer holds the lock and is ended below.
      await once(child, 'exit', { signal: AbortSignal.timeout(END_TIMEOUT_MS) }).catch(() => undefined);
    }
    const attempt = await tryFileLock(this.#lockPath);
    if (attempt.lock) {
      attempt.lock.release();
      return;
    }
    const { holder } = attempt;
    try {
      await this.#wait();
    } catch {
      const owner = livingHolder(holder);
      if (owner) process.kill(owner.pid, 'SIGTERM');
      await this.#wait().catch((error: unknown) => {
        throw new ProductError('STOP_FAILED', {
          message: `The watcher of the Compose stack (${describeHolder(holder)}) does not end: ${messageOf(error)}.`,
          hint: `End it${owner ? ` with \`kill ${owner.pid}\`` : ''}, then run \`${userCommand('down')}\` again.`,
          cause: error,
        });
      });
    }
  }

  async #wait(): Promise<void> {
    (await waitForFileLock(this.#lockPath, { signal: AbortSignal.timeout(END_TIMEOUT_MS) })).release();
  }
}
