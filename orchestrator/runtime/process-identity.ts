import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readProcFile } from './proc-file.ts';

/** A process that cannot be mistaken for a later one with the same id: ids are reused, pairs of id and start time are not. */
export interface ProcessIdentity {
  readonly pid: number;
  /**
   * When the process started, as text that is only ever compared. Linux: boot id and clock ticks since boot; elsewhere: the
   * start time that `ps` tells, in UTC.
   */
  readonly startTime: string;
}

/** The process that has this id now; undefined when there is none or it has ended and only waits to be reaped. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const startTime = process.platform === 'linux' ? startTimeOnLinux(pid) : startTimeFromPs(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether this very process still runs, as opposed to another one that was given its id. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startTime === identity.startTime;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  own ??= identityOf(process.pid);
  if (!own) throw new Error(`the start time of this process (${process.pid}) cannot be read`);
  return own;
}
let own: ProcessIdentity | undefined;

/** Fields of /proc/<pid>/stat as proc(5) numbers them; the name, field 2, may hold blanks and parentheses. */
const STATE = 3;
const START_TIME = 22;

function startTimeOnLinux(pid: number): string | undefined {
  const stat = readProcFile(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => fields[number - STATE] ?? '';
  if ('ZX'.includes(field(STATE))) return undefined;
  return `${bootId()}/${field(START_TIME)}`;
}

/**
 * Ticks since boot repeat after a reboot; the boot id does not. Some containers hide it. The boot time that the kernel tells
 * instead moves with the clock, so that living processes would look like others: without an id the ticks have to do.
 */
function bootId(): string {
  try {
    boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    boot = 'no-boot-id';
  }
  return boot;
}
let boot: string | undefined;

function startTimeFromPs(pid: number): string | undefined {
  let line: string;
  try {
    line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch (error) {
    // ps ends with 1 when there is no such process; anything else, such as no ps at all, is a failure.
    if ((error as { status?: number }).status === 1) return undefined;
    throw error;
  }
  const [state = '', ...started] = line.split(/\s+/);
  return state === '' || state.startsWith('Z') ? undefined : started.join(' ');
}
