import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

/**
 * A process that cannot be mistaken for a later one with the same id: ids are reused, pairs of id
 * and start time are not.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /**
   * When the process started, as text that is only ever compared. Linux: boot id and clock ticks
   * since boot; elsewhere: the start time that `ps` reports, in UTC.
   */
  readonly startTime: string;
}

/**
 * Returns the process that has this id now; undefined when there is none or it has ended and only
 * waits to be reaped.
 */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const startTime = process.platform === 'linux' ? startTimeOnLinux(pid) : startTimeFromPs(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether this very process still runs, as opposed to another one with the same id. */
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

/**
 * Fields of /proc/<pid>/stat as proc(5) numbers them; the name, field 2, may hold blanks and
 * parentheses.
 */
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
 * Ticks since boot repeat after a reboot; the boot id does not. Some containers hide the boot id.
 * The kernel's boot time is no substitute: it moves with the clock, so that living processes would
 * look like others. Without an id the ticks have to suffice.
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
    // ps ends with 1 when there is no such process. Any other error, such as a missing ps, is a
    // failure.
    if ((error as { status?: number }).status === 1) return undefined;
    throw error;
  }
  const [state = '', ...started] = line.split(/\s+/);
  return state === '' || state.startsWith('Z') ? undefined : started.join(' ');
}

/**
 * Reads a file of Linux's /proc; undefined when its process or thread has ended, also between
 * opening and reading.
 */
export function readProcFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

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
 * @throws Error naming those that still exist after 10 s
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

/**
 * Returns ids of the running processes of a group; those that ended and were not reaped yet do not
 * count.
 */
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

/**
 * Returns the command line of a process, words joined by blanks; empty when the process is gone or
 * another user's.
 */
export function commandLineOf(pid: number): string {
  try {
    if (process.platform === 'linux') {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    }
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}

/**
 * Arguments that let this Node run TypeScript from any working folder: the loader is named by its
 * own address.
 */
export const TYPESCRIPT_LOADER: readonly string[] = [
  '--import',
  pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
];

/** The names of the machine itself that our services use. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/**
 * Returns NO_PROXY with the machine itself in it: our services connect to one another directly,
 * whatever proxy leads to the network.
 * @param noProxy the caller's, names separated by commas
 */
export function withLoopback(noProxy: string | undefined): string {
  const names = (noProxy ?? '').split(',').flatMap((name) => name.trim() || []);
  return [...names, ...LOOPBACK.filter((name) => !names.includes(name))].join(',');
}

/** Returns the caller's NO_PROXY; like other programs, it prefers the lower case. */
export function noProxyOf(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  return environment['no_proxy'] || environment['NO_PROXY'];
}

/**
 * The locale of every program that we start, whatever the caller's is. A JVM in the C locale writes
 * `caf?` for `café`, in file names too. A JVM in a Persian locale names Kafka's segments with
 * digits that Kafka does not read back.
 */
export const UTF8_LOCALE: Readonly<Record<string, string>> = {
  LC_ALL: process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8',
};

/**
 * The same for Java's own texts and numbers: on macOS Java takes them from the system's preferences
 * instead.
 */
export const JAVA_LOCALE_OPTIONS = ['-Duser.language=en', '-Duser.country=US'] as const;

/** Variables that the locale replaces. */
export const LOCALE_VARIABLE = /^(LANG|LANGUAGE|LC_\w+)$/;
