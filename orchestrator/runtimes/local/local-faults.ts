import { readFileSync } from 'node:fs';
import type { FaultPoint, Service } from '../../services/service.ts';
import {
  commandLineOf,
  groupMembers,
  identityOf,
  isAlive,
  type ProcessIdentity,
  signalProcess,
} from '../../util/processes.ts';
import {
  type Faults,
  type FaultTarget,
  type HeldFault,
  heldFault,
  NothingToBreak,
  repeatedFault,
  SUPERVISOR,
} from '../faults.ts';
import { type RunLayout, runDirOf } from './launch.ts';
import { readState } from './state-file.ts';

/** A fault point and the service that it belongs to. */
interface Place {
  readonly point: FaultPoint;
  readonly service: Service;
}

/**
 * The limit reaches a driver or executor that starts before it writes outputs: a JVM needs longer
 * than this to begin.
 */
const LIMIT_EVERY_MS = 100;

/** Injects faults by signals to the processes that the supervisor has recorded. */
export class LocalFaults implements Faults {
  readonly #layout: RunLayout;
  readonly #places: readonly Place[];

  constructor(layout: RunLayout, services: readonly Service[]) {
    this.#layout = layout;
    this.#places = services.flatMap((service) => service.faults.map((point) => ({ point, service })));
  }

  async unable(action: 'kill' | 'pause' | 'limit-file-size'): Promise<string | undefined> {
    return action === 'limit-file-size' ? canLimitFileSize() : undefined;
  }

  async isThere(target: FaultTarget): Promise<boolean> {
    return this.#find(target) !== undefined;
  }

  async kill(target: FaultTarget): Promise<string> {
    const { pid } = this.#require(target);
    signalProcess(pid, 'SIGKILL');
    return `process ${pid}`;
  }

  async pause(target: FaultTarget): Promise<HeldFault> {
    const found = this.#require(target);
    signalProcess(found.pid, 'SIGSTOP');
    return heldFault(`process ${found.pid}`, async () => {
      if (isAlive(found)) signalProcess(found.pid, 'SIGCONT');
    });
  }

  async limitFileSize(bytes: number): Promise<HeldFault> {
    const limited = new Map<number, { readonly process: ProcessIdentity; readonly before: string }>();
    const apply = async () => {
      for (const process of this.#places.map((place) => this.#writer(place))) {
        if (!process || limited.get(process.pid)?.process.startTime === process.startTime) continue;
        const before = fileSizeLimit(process.pid);
        if (before === undefined || !(await limitFileSize(process.pid, String(bytes)))) continue;
        limited.set(process.pid, { process, before });
      }
    };
    return repeatedFault('driver and executors', LIMIT_EVERY_MS, apply, async () => {
      for (const { process, before } of limited.values()) {
        if (isAlive(process)) await limitFileSize(process.pid, before);
      }
    });
  }

  #require(target: FaultTarget): ProcessIdentity {
    const found = this.#find(target);
    if (!found) throw new NothingToBreak(target);
    return found;
  }

  /** Returns the target's living process; of several children the first. */
  #find(target: FaultTarget): ProcessIdentity | undefined {
    if (target === SUPERVISOR) {
      const { supervisor } = readState(this.#layout.stateFile) ?? {};
      return supervisor && isAlive(supervisor) ? supervisor : undefined;
    }
    const place = this.#places.find(({ point }) => point.target === target);
    return place && this.#processOf(place);
  }

  #processOf({ point, service }: Place): ProcessIdentity | undefined {
    const services = readState(this.#layout.stateFile)?.services;
    const main = services?.find(({ name }) => name === service.name)?.process;
    if (!main || !isAlive(main)) return undefined;
    return point.childClass === undefined ? main : this.#child(main, point.childClass);
  }

  /** Returns the process of a fault point that writes outputs, once it may be limited. */
  #writer(place: Place): ProcessIdentity | undefined {
    const { writer } = place.point;
    const found = writer && this.#processOf(place);
    if (!found || writer.begunWhen === undefined) return found;
    const { mainClass, begunWhen } = writer;
    const hasBegun = groupMembers(found.pid)
      .filter((pid) => pid !== found.pid)
      .map(commandLineOf)
      .some((line) => line.endsWith(begunWhen) && !line.includes(mainClass));
    return hasBegun ? found : undefined;
  }

  /**
   * The child must be in the main process's group and, where the system reveals it, have this
   * stack's RUN_DIR in its environment.
   */
  #child(main: ProcessIdentity, mainClass: string): ProcessIdentity | undefined {
    const pid = groupMembers(main.pid).find(
      (member) =>
        member !== main.pid &&
        commandLineOf(member).includes(mainClass) &&
        (process.platform !== 'linux' || runDirOf(member) === this.#layout.runDir),
    );
    return pid === undefined ? undefined : identityOf(pid);
  }
}

/**
 * Why the limit of another process cannot be set here; undefined when it can. `prlimit` is part of
 * util-linux.
 */
export async function canLimitFileSize(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'file-size limits of running processes exist on Linux only';
  const { failed } = await prlimit('--version');
  return failed ? 'there is no `prlimit` command (package util-linux)' : undefined;
}

/** Returns the soft limit of a process, in bytes or as `unlimited`; undefined when it is gone. */
export function fileSizeLimit(pid: number): string | undefined {
  try {
    return /^Max file size\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/**
 * Sets the soft limit of a process. The hard limit stays, so that the change can be reverted
 * without privileges.
 * @param limit bytes or `unlimited`
 * @returns false when the process is gone
 * @throws Error with prlimit's message
 */
async function limitFileSize(pid: number, limit: string): Promise<boolean> {
  const { failed, stderr } = await prlimit('--pid', String(pid), `--fsize=${limit}:`);
  if (!failed) return true;
  if (fileSizeLimit(pid) === undefined) return false;
  throw new Error(`prlimit: ${stderr.trim()}`);
}

/** execa has a hundred modules, and only faults need it here. */
async function prlimit(...args: readonly string[]) {
  const { execa } = await import('execa');
  return execa('prlimit', args, { reject: false, stdin: 'ignore' });
}
