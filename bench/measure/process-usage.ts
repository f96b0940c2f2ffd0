import { readdirSync } from 'node:fs';
import { readProcFile } from '../../orchestrator/util/processes.ts';

/** USER_HZ of proc(5): 100 on every Linux architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds of a process, user and system, over all its threads. Undefined when it has ended. */
export function cpuSecondsOf(pid: number): number | undefined {
  const stat = readProcFile(`/proc/${pid}/stat`);
  // The name in parentheses may hold blanks. After it: state is field 3, utime 14, stime 15.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Memory of processes. Pages that they share count once (proportional set size). */
export function memoryBytesOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + pssBytes(pid), 0);
}

/** A process and everything that descends from it. */
export function descendants(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readProcFile(`/proc/${name}/stat`) : undefined;
    if (stat) parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const found = [pid];
  for (const one of found) {
    for (const [child, parent] of parents) if (parent === one) found.push(child);
  }
  return found;
}

function pssBytes(pid: number): number {
  const match = /^Pss:\s+(\d+) kB/m.exec(readProcFile(`/proc/${pid}/smaps_rollup`) ?? '');
  return Number(match?.[1] ?? 0) * 1024;
}
