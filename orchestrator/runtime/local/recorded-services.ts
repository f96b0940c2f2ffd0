import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '../../services/service-name.ts';
import { identityOf, isAlive } from '../process-identity.ts';
import type { ServiceObservation } from '../runtime.ts';
import { lastLines } from './log-tail.ts';
import { groupMembers, killGroup, signalProcess } from './process-group.ts';
import { type RunLayout, serviceLogFile } from './run-layout.ts';
import { runDirOf } from './stack-process.ts';
import type { RecordedService, RecordedState } from './state-file.ts';
import { RECENT_LINES } from './supervisor/service-log.ts';

const POLL_MS = 20;

/** What the recorded state says of every service, when there is no supervisor to be asked. */
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
 * Stops what a supervisor that is gone has left: gracefully as far as main processes live, then by force. Only processes that
 * are provably the recorded ones are signalled.
 * @returns the services of which something still ran, in reverse order of their start
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
    while (isAlive(process) && performance.now() < deadline) await sleep(POLL_MS);
  }
  const ours = isAlive(process) || orphansOf(process.pid, layout.runDir).length > 0;
  if (ours) await killGroup(process.pid);
  return ran || ours;
}

/**
 * Members of a group whose leader has ended. A group's id is not given to a new process while the group has members, but it
 * may have been since; the environment tells. Where that cannot be read (not Linux), nothing is taken for ours.
 */
function orphansOf(group: number, runDir: string): readonly number[] {
  if (identityOf(group)) return [];
  return groupMembers(group).filter((pid) => runDirOf(pid) === runDir);
}

const now = () => new Date().toISOString();
