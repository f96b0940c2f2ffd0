import type { FaultPoint, Service } from '../../services/service.ts';
import { type Faults, type FaultTarget, type HeldFault, NothingToStrike, SUPERVISOR } from '../faults.ts';
import { heldFault, repeatedFault } from '../held-fault.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../process-identity.ts';
import { commandLineOf } from './command-line.ts';
import { canLimitFileSize, fileSizeLimit, limitFileSize } from './file-size-limit.ts';
import { groupMembers, signalProcess } from './process-group.ts';
import type { RunLayout } from './run-layout.ts';
import { runDirOf } from './stack-process.ts';
import { readState } from './state-file.ts';

/** A fault point and the service whose it is. */
interface Place {
  readonly point: FaultPoint;
  readonly service: Service;
}

/** A driver or executor that starts is reached before it writes outputs: a JVM needs longer than this to begin. */
const LIMIT_EVERY_MS = 100;

/** Faults by signals to the processes that the supervisor has recorded. */
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
    if (!found) throw new NothingToStrike(target);
    return found;
  }

  /** Its living process; of several children the first. */
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

  /** The process of a fault point that writes outputs, once it may be limited. */
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

  /** In the main process's group, and where the system tells, with this stack's RUN_DIR in its environment. */
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
