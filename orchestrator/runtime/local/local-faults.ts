import type { ServiceName } from '../../core/services.ts';
import { type Faults, type FaultTarget, type HeldFault, NothingToStrike } from '../faults.ts';
import { heldFault, repeatedFault } from '../held-fault.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../process-identity.ts';
import { DRIVER_APPLICATION, DRIVER_MAIN_CLASS, EXECUTOR_MAIN_CLASS } from '../spark-processes.ts';
import { commandLineOf } from './command-line.ts';
import { canLimitFileSize, fileSizeLimit, limitFileSize } from './file-size-limit.ts';
import { groupMembers, signalProcess } from './process-group.ts';
import type { RunLayout } from './run-layout.ts';
import { runDirOf } from './stack-process.ts';
import { readState } from './state-file.ts';

/** The service whose main process each target is. */
const SERVICE_OF: Readonly<Partial<Record<FaultTarget, ServiceName>>> = {
  driver: 'spark-streaming',
  worker: 'spark-worker',
  master: 'spark-master',
  broker: 'kafka',
  zookeeper: 'zookeeper',
  producer: 'producer',
};

/** A driver or executor that starts is reached before it writes outputs: a JVM needs longer than this to begin. */
const LIMIT_EVERY_MS = 100;

/** Faults by signals to the processes that the supervisor has recorded. */
export class LocalFaults implements Faults {
  readonly #layout: RunLayout;

  constructor(layout: RunLayout) {
    this.#layout = layout;
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
      for (const process of [this.#startedDriver(), this.#find('executor')]) {
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

  /** Its living process; of several executors the first. */
  #find(target: FaultTarget): ProcessIdentity | undefined {
    const state = readState(this.#layout.stateFile);
    const mainOf = (service: ServiceName) => {
      const process = state?.services.find(({ name }) => name === service)?.process;
      return process && isAlive(process) ? process : undefined;
    };
    if (target === 'supervisor') {
      return state?.supervisor && isAlive(state.supervisor) ? state.supervisor : undefined;
    }
    if (target === 'executor') return this.#executor(mainOf('spark-worker'));
    const service = SERVICE_OF[target];
    return service && mainOf(service);
  }

  /** The driver, once its application has begun. */
  #startedDriver(): ProcessIdentity | undefined {
    const driver = this.#find('driver');
    const isApplication = (line: string) =>
      line.endsWith(DRIVER_APPLICATION) && !line.includes(DRIVER_MAIN_CLASS);
    const hasBegun =
      driver &&
      groupMembers(driver.pid).some((pid) => pid !== driver.pid && isApplication(commandLineOf(pid)));
    return hasBegun ? driver : undefined;
  }

  /** In the worker's process group, and where the system tells, with this stack's RUN_DIR in its environment. */
  #executor(worker: ProcessIdentity | undefined): ProcessIdentity | undefined {
    if (!worker) return undefined;
    const pid = groupMembers(worker.pid).find(
      (member) =>
        member !== worker.pid &&
        commandLineOf(member).includes(EXECUTOR_MAIN_CLASS) &&
        (process.platform !== 'linux' || runDirOf(member) === this.#layout.runDir),
    );
    return pid === undefined ? undefined : identityOf(pid);
  }
}
