import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '../../services/service-name.ts';
import { removeIfEmpty, tryFileLock } from '../../util/file-lock.ts';
import { isFileManagerFile } from '../../util/files.ts';
import { isOwnFolder } from '../../util/owned-folder.ts';
import {
  groupMembers,
  identityOf,
  isAlive,
  killGroup,
  type ProcessIdentity,
  signalProcess,
} from '../../util/processes.ts';
import { messageOf, ProductError } from '../../util/product-error.ts';
import { userCommand } from '../../util/user-command.ts';
import type { ServiceObservation } from '../runtime.ts';
import { type RunLayout, runDirOf, serviceLogFile } from './launch.ts';
import { connectToSupervisor } from './launch-supervisor.ts';
import {
  type RecordedService,
  type RecordedState,
  readState,
  STATE_FORMAT,
  writeState,
} from './state-file.ts';
import { ConnectionLost } from './supervisor/control-channel.ts';
import { lastLines } from './supervisor/log-tail.ts';
import { RECENT_LINES } from './supervisor/service-log.ts';

/** A supervisor that does not answer a simple request within this time is considered hung. */
const ANSWER_TIMEOUT_MS = 8000;

/** More than the sum of the graces of services that wait for one another. */
const SHUTDOWN_TIMEOUT_MS = 180_000;

/** From the supervisor's answer to its end. */
const EXIT_TIMEOUT_MS = 10_000;
const POLL_MS = 10;

/**
 * Stops everything of a stack: through its supervisor while that lives and answers, otherwise by
 * the supervisor's record.
 * @returns the services that were stopped, in reverse start order
 * @throws ProductError STOP_FAILED
 */
export async function stopStack(layout: RunLayout): Promise<readonly ServiceName[]> {
  try {
    const byItself = await shutDownSupervisor(layout);
    const state = readState(layout.stateFile);
    const left = await stopRecorded(layout, state);
    if (state) await forget(layout, state);
    return [...byItself, ...left.filter((name) => !byItself.includes(name))];
  } catch (error) {
    throw new ProductError('STOP_FAILED', {
      message: `The stack in ${layout.runDir} could not be stopped: ${messageOf(error)}.`,
      hint: `See ${layout.supervisorLog}, and run \`${userCommand('down')}\` again.`,
      cause: error,
    });
  }
}

/**
 * Repeats until no supervisor is left: a supervisor that started while another one ended is found
 * in the next round.
 */
async function shutDownSupervisor(layout: RunLayout): Promise<readonly ServiceName[]> {
  const stopped: ServiceName[] = [];
  for (;;) {
    const supervisor = readState(layout.stateFile)?.supervisor;
    if (!supervisor || !isAlive(supervisor)) return stopped;
    const answer = await askToShutDown(layout);
    stopped.push(...(answer.stopped ?? []));
    if (!answer.hung && (await hasEnded(supervisor, EXIT_TIMEOUT_MS))) continue;
    // The supervisor's watchdog kills the services with it.
    stopped.push(...livingServices(layout).filter((name) => !stopped.includes(name)));
    signalProcess(supervisor.pid, 'SIGKILL');
    if (!(await hasEnded(supervisor, EXIT_TIMEOUT_MS))) {
      throw new Error(`the supervisor, process ${supervisor.pid}, is there even after SIGKILL`);
    }
  }
}

/** @throws Error with the supervisor's message when it could not stop something */
async function askToShutDown(
  layout: RunLayout,
): Promise<{ readonly stopped?: readonly ServiceName[]; readonly hung?: boolean }> {
  const client = await connectToSupervisor(layout);
  // It lives but does not listen, so it is about to end.
  if (!client) return {};
  try {
    await client.request('observe', null, AbortSignal.timeout(ANSWER_TIMEOUT_MS));
    return { stopped: await client.request('shutdown', null, AbortSignal.timeout(SHUTDOWN_TIMEOUT_MS)) };
  } catch (error) {
    if (error instanceof ConnectionLost) return {};
    if (error instanceof DOMException && error.name === 'TimeoutError') return { hung: true };
    throw error;
  } finally {
    client.close();
  }
}

function livingServices(layout: RunLayout): readonly ServiceName[] {
  const services = readState(layout.stateFile)?.services ?? [];
  return services
    .filter(({ process }) => process && isAlive(process))
    .map(({ name }) => name)
    .toReversed();
}

async function hasEnded(process: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(process)) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/**
 * Removes what a killed supervisor could not remove: its socket, the files of its locks, its record
 * of processes.
 */
async function forget(layout: RunLayout, state: RecordedState): Promise<void> {
  if (state.supervisor) {
    rmSync(state.supervisor.socket, { force: true });
    const folder = dirname(state.supervisor.socket);
    if (folder !== layout.control) rmSync(folder, { recursive: true, force: true });
  }
  // A held lock keeps its file, and therefore the folder.
  for (const path of [layout.lock, layout.launchLock]) (await tryFileLock(path)).lock?.release();
  removeIfEmpty(layout.control);
  const services = state.services.map((service) => {
    const { process: _, ...rest } = service;
    return service.state === 'stopped' && !service.process
      ? rest
      : { ...rest, state: 'stopped' as const, detail: 'stopped', since: new Date().toISOString() };
  });
  try {
    writeState(layout.stateFile, { format: STATE_FORMAT, services });
  } catch (error) {
    if (!['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    // Everything is stopped; a record that claims otherwise would be worse than none.
    for (const path of [layout.stateFile, `${layout.stateFile}.${process.pid}`])
      rmSync(path, { force: true });
  }
}

const END_POLL_MS = 20;

/** Returns every service as the state file records it, for when there is no supervisor to ask. */
export function observeRecorded(
  layout: RunLayout,
  names: readonly ServiceName[],
  state: RecordedState | undefined,
): readonly ServiceObservation[] {
  return names.map((name) => {
    const recorded = state?.services.find((service) => service.name === name);
    if (!recorded) {
      return { name, state: 'stopped', detail: 'never started', restarts: 0, since: now(), recentLines: [] };
    }
    const { since, restarts, exitCode } = recorded;
    return {
      name,
      since,
      restarts,
      ...present(recorded),
      recentLines: lastLines([serviceLogFile(layout, name)], {
        count: RECENT_LINES,
        from: recorded.logStart,
      }),
      ...(exitCode !== undefined && { exitCode }),
    };
  });
}

function present(recorded: RecordedService): Pick<ServiceObservation, 'state' | 'detail' | 'pid'> {
  const { state, detail, process } = recorded;
  if (process && isAlive(process)) {
    return { state: 'running', detail: 'runs without its supervisor, which is gone', pid: process.pid };
  }
  const ended = state === 'running' || state === 'restarting';
  return ended ? { state: 'failed', detail: 'ended together with its supervisor' } : { state, detail };
}

/**
 * Stops what a dead supervisor has left: gracefully where main processes live, then by force. Only
 * processes that are provably the recorded ones get signals.
 * @returns the services of which something still ran, in reverse start order
 */
export async function stopRecorded(
  layout: RunLayout,
  state: RecordedState | undefined,
): Promise<readonly ServiceName[]> {
  const stopped: ServiceName[] = [];
  for (const service of state?.services.toReversed() ?? []) {
    if (service.process && (await stopService(layout, service))) stopped.push(service.name);
  }
  return stopped;
}

async function stopService(layout: RunLayout, { process, stopGraceMs }: RecordedService): Promise<boolean> {
  if (!process) return false;
  const ran = isAlive(process);
  if (ran) {
    signalProcess(process.pid, 'SIGTERM');
    const deadline = performance.now() + stopGraceMs;
    while (isAlive(process) && performance.now() < deadline) await sleep(END_POLL_MS);
  }
  const ours = isAlive(process) || orphansOf(process.pid, layout.runDir).length > 0;
  if (ours) await killGroup(process.pid);
  return ran || ours;
}

/**
 * Returns members of a group whose leader has ended. The system does not reuse a group's id while
 * the group has members, but it may have been reused since; the environment distinguishes the two.
 * Where that cannot be read (not Linux), no process counts as ours.
 */
function orphansOf(group: number, runDir: string): readonly number[] {
  if (identityOf(group)) return [];
  return groupMembers(group).filter((pid) => runDirOf(pid) === runDir);
}

const now = () => new Date().toISOString();

/**
 * Deletes what the stack has written in RUN_DIR. It checks everything first, so that a refusal
 * leaves everything in place.
 * @returns what was deleted
 * @throws ProductError FOREIGN_FILES
 */
export function wipeRunDir(layout: RunLayout, keepTopic: boolean): readonly string[] {
  const folders = layout.serviceFolders;
  const topic = folders.filter(({ holds }) => holds === 'topic').toReversed();
  const transient = folders.filter(({ holds }) => holds === 'transient');
  const scratch = { title: 'scratch files', path: layout.scratch, allowed: undefined };
  const targets = [...(keepTopic ? [] : topic), ...transient, scratch].filter(({ path }) => isThere(path));
  if (targets.length === 0) return [];
  if (!isOwnFolder(layout.runDir)) throw refusal(layout.runDir, 'it was not made by this product');
  for (const { path, allowed } of targets) {
    const foreign =
      allowed && entriesOf(path).find((entry) => !allowed.test(entry) && !isFileManagerFile(basename(entry)));
    if (foreign !== undefined) throw refusal(path, `it holds ${foreign}`);
  }
  for (const { path } of targets) rmSync(path, { recursive: true, force: true });
  return targets.map(({ title }) => title);
}

function refusal(folder: string, reason: string): ProductError {
  return new ProductError('FOREIGN_FILES', {
    message: `${folder} is not wiped: ${reason}, which the stack did not write.`,
    hint: 'Move it elsewhere and run the command again; nothing was deleted.',
  });
}

function isThere(folder: string): boolean {
  try {
    readdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Returns every file and folder below; links are not followed. */
function entriesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
    return entry.isFile() || entry.isDirectory() ? path : `${path} (${basename(path)} is a link or device)`;
  });
}
