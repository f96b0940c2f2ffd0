import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, ProductError } from '../../core/product-error.ts';
import type { ServiceName } from '../../services/service-name.ts';
import { removeIfEmpty, tryFileLock } from '../file-lock.ts';
import { isAlive, type ProcessIdentity } from '../process-identity.ts';
import { connectToSupervisor } from './launch-supervisor.ts';
import { signalProcess } from './process-group.ts';
import { stopRecorded } from './recorded-services.ts';
import type { RunLayout } from './run-layout.ts';
import { type RecordedState, readState, STATE_FORMAT, writeState } from './state-file.ts';
import { ConnectionLost } from './supervisor/control-client.ts';

/** A supervisor that does not even answer this soon is taken for hung. */
const ANSWER_TIMEOUT_MS = 8000;

/** More than the sum of the graces of services that wait for one another. */
const SHUTDOWN_TIMEOUT_MS = 180_000;

/** From the supervisor's answer to its end. */
const EXIT_TIMEOUT_MS = 10_000;
const POLL_MS = 10;

/**
 * Stops everything of a stack, through its supervisor as long as that lives and answers, otherwise by what it had recorded.
 * @returns the services that were stopped, in reverse order of their start
 * @throws ProductError STOP_FAILED
 */
export async function takeDown(layout: RunLayout): Promise<readonly ServiceName[]> {
  try {
    const byItself = await shutDownSupervisor(layout);
    const state = readState(layout.stateFile);
    const left = await stopRecorded(layout, state);
    if (state) await forget(layout, state);
    return [...byItself, ...left.filter((name) => !byItself.includes(name))];
  } catch (error) {
    throw new ProductError('STOP_FAILED', {
      message: `The stack in ${layout.runDir} could not be stopped: ${messageOf(error)}.`,
      hint: `See ${layout.supervisorLog}, and run \`npm run down\` again.`,
      cause: error,
    });
  }
}

/** Until no supervisor is left: one that had begun to start while another ended is met in the next round. */
async function shutDownSupervisor(layout: RunLayout): Promise<readonly ServiceName[]> {
  const stopped: ServiceName[] = [];
  for (;;) {
    const supervisor = readState(layout.stateFile)?.supervisor;
    if (!supervisor || !isAlive(supervisor)) return stopped;
    const answer = await askToShutDown(layout);
    stopped.push(...(answer.stopped ?? []));
    if (!answer.hung && (await hasEnded(supervisor, EXIT_TIMEOUT_MS))) continue;
    // Its watchdog kills the services with it.
    stopped.push(...livingServices(layout).filter((name) => !stopped.includes(name)));
    signalProcess(supervisor.pid, 'SIGKILL');
    if (!(await hasEnded(supervisor, EXIT_TIMEOUT_MS))) {
      throw new Error(`the supervisor, process ${supervisor.pid}, is there even after SIGKILL`);
    }
  }
}

/** @throws Error with the supervisor's words when it could not stop something */
async function askToShutDown(
  layout: RunLayout,
): Promise<{ readonly stopped?: readonly ServiceName[]; readonly hung?: boolean }> {
  const client = await connectToSupervisor(layout);
  // It lives and does not listen: it is about to end.
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

/** Removes what a supervisor that was killed could not: its socket, its locks' files, its claim to processes. */
async function forget(layout: RunLayout, state: RecordedState): Promise<void> {
  if (state.supervisor) {
    rmSync(state.supervisor.socket, { force: true });
    const folder = dirname(state.supervisor.socket);
    if (folder !== layout.control) rmSync(folder, { recursive: true, force: true });
  }
  // A lock that somebody holds keeps its file, and with it the folder.
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
    // All of it is stopped; a record that says otherwise would be worse than none.
    for (const path of [layout.stateFile, `${layout.stateFile}.${process.pid}`])
      rmSync(path, { force: true });
  }
}
