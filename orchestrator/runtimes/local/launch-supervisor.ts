import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ServiceOutline } from '../../services/service.ts';
import { removeIfEmpty, waitForFileLock } from '../../util/file-lock.ts';
import { isAlive, TYPESCRIPT_LOADER } from '../../util/processes.ts';
import { ProductError } from '../../util/product-error.ts';
import type { RunLayout } from './launch.ts';
import { readState, type SupervisorTask } from './state-file.ts';
import { ControlClient } from './supervisor/control-channel.ts';
import { lastLines } from './supervisor/log-tail.ts';

/** Stopping what a crashed supervisor has left may take the services' grace. */
const LAUNCH_TIMEOUT_MS = 120_000;
const POLL_MS = 20;
const LOG_LINES = 20;

/**
 * The log gets one line per change of state. A new supervisor begins a new log when the old one has
 * grown to this.
 */
const MAX_LOG_BYTES = 1024 * 1024;

const SUPERVISOR_MAIN = fileURLToPath(new URL('./supervisor/supervisor-main.ts', import.meta.url));

/** Connects to the stack's supervisor; undefined when none lives. */
export async function connectToSupervisor(layout: RunLayout): Promise<ControlClient | undefined> {
  const supervisor = readState(layout.stateFile)?.supervisor;
  if (!supervisor || !isAlive(supervisor)) return undefined;
  return ControlClient.connect(supervisor.socket);
}

/**
 * Connects to the stack's supervisor, and starts it when none lives. Only one process at a time
 * starts it, so that no second supervisor is left behind that would have to find out that it is not
 * needed.
 * @param services what it is to run, in start order
 * @throws ProductError STEP_FAILED when it ended or did not answer; the signal's reason
 */
export async function launchSupervisor(
  layout: RunLayout,
  services: readonly ServiceOutline[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ControlClient> {
  const lock = await waitForFileLock(layout.launchLock, { signal });
  try {
    return await launch(layout, services, environment, signal);
  } finally {
    lock.release();
    removeIfEmpty(layout.control);
  }
}

async function launch(
  layout: RunLayout,
  services: readonly ServiceOutline[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ControlClient> {
  const deadline = performance.now() + LAUNCH_TIMEOUT_MS;
  let child: ChildProcess | undefined;
  try {
    for (;;) {
      signal.throwIfAborted();
      const client = await connectToSupervisor(layout);
      if (client) return client;
      const refusal = child && refusals.get(child);
      if (refusal) throw launchFailure(layout, `could not be started: ${refusal.message}`);
      if (child?.exitCode) throw launchFailure(layout, `ended with code ${child.exitCode}`);
      if (performance.now() > deadline) {
        throw launchFailure(layout, `did not answer within ${LAUNCH_TIMEOUT_MS / 1000} s`);
      }
      // A clean end means that another supervisor held the lock. That one answers soon, or is
      // ending and releases the lock.
      if (!child || child.exitCode === 0 || child.signalCode)
        child = spawnSupervisor(layout, services, environment);
      await sleep(POLL_MS);
    }
  } catch (error) {
    // Nobody has sent it a request yet.
    if (child && child.exitCode === null && child.kill('SIGTERM')) {
      // The child was unreferenced when it was started. Without this, Node would end before the
      // child does, in the middle of this wait.
      child.ref();
      await once(child, 'exit');
    }
    throw error;
  }
}

/** Why the system did not start a process. */
const refusals = new WeakMap<ChildProcess, Error>();

function spawnSupervisor(
  layout: RunLayout,
  services: readonly ServiceOutline[],
  environment: Readonly<Record<string, string>>,
): ChildProcess {
  mkdirSync(layout.logs, { recursive: true, mode: 0o700 });
  const size = statSync(layout.supervisorLog, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_LOG_BYTES) renameSync(layout.supervisorLog, `${layout.supervisorLog}.1`);
  const log = openSync(layout.supervisorLog, 'a', 0o600);
  try {
    const emptied = layout.serviceFolders.filter(({ endsWithSupervisor }) => endsWithSupervisor);
    const task: SupervisorTask = { services, emptied: emptied.map(({ path }) => path) };
    const args = [...TYPESCRIPT_LOADER, SUPERVISOR_MAIN, layout.runDir, JSON.stringify(task)];
    const child = spawn(process.execPath, args, {
      cwd: layout.runDir,
      env: { ...environment },
      // In its own session, neither the terminal's hang-up nor Ctrl-C reaches it.
      detached: true,
      stdio: ['ignore', log, log],
    });
    // `exit` does not follow, and there is no exit code.
    child.on('error', (error) => {
      refusals.set(child, error);
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

function launchFailure(layout: RunLayout, what: string): ProductError {
  return new ProductError('STEP_FAILED', {
    message: `The supervisor of the services ${what}.`,
    hint: `See ${layout.supervisorLog}.`,
    logTail: lastLines([layout.supervisorLog], { count: LOG_LINES }),
  });
}
