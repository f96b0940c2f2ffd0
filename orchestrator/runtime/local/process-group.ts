import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readProcFile } from '../proc-file.ts';

/** How long killed processes may take to vanish: the kernel finishes their disk accesses first. */
const KILL_TIMEOUT_MS = 10_000;
const POLL_MS = 10;

/**
 * Sends a signal to a process, or to a group when the id is negative as in kill(2).
 * @returns false when there is none any more
 */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/**
 * Kills every process of a group and waits until none is left.
 * @param group the group's id: the process id of its leader, which may have ended before
 * @throws Error naming those that are still there after 10 s
 */
export async function killGroup(group: number): Promise<void> {
  const deadline = Date.now() + KILL_TIMEOUT_MS;
  for (;;) {
    const members = groupMembers(group);
    if (members.length === 0) return;
    if (Date.now() > deadline) {
      throw new Error(
        `processes ${members.join(', ')} are still there ${KILL_TIMEOUT_MS / 1000} s after SIGKILL`,
      );
    }
    signalProcess(-group, 'SIGKILL');
    await sleep(POLL_MS);
  }
}

/** Ids of the processes of a group that run; those that ended and were not reaped yet do not count. */
export function groupMembers(group: number): readonly number[] {
  const table = process.platform === 'linux' ? tableFromProc() : tableFromPs();
  return table
    .filter((entry) => entry.group === group && !/[ZX]/.test(entry.state))
    .map((entry) => entry.pid);
}

interface TableEntry {
  readonly pid: number;
  readonly group: number;
  readonly state: string;
}

/** /proc/<pid>/stat of proc(5): the fields after the name are state, parent, process group. */
function tableFromProc(): TableEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = readProcFile(`/proc/${name}/stat`);
      if (stat === undefined) return [];
      const [state = '', , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return [{ pid: Number(name), group: Number(group), state }];
    });
}

function tableFromPs(): TableEntry[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,pgid=,stat='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const [pid, group, state = ''] = line.trim().split(/\s+/);
    return { pid: Number(pid), group: Number(group), state };
  });
}
