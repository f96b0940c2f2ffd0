import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '../../../services/service-name.ts';
import { identityOf, killGroup, type ProcessIdentity, signalProcess } from '../../../util/processes.ts';
import { messageOf } from '../../../util/product-error.ts';
import type { RunState, ServiceObservation } from '../../runtime.ts';
import type { ServiceLog } from './service-log.ts';
import {
  describeEnd,
  type EndsInARow,
  NO_ENDS,
  oneMoreEnd,
  type ProcessEnd,
  type ServiceSpec,
  verdictOn,
} from './service-spec.ts';
import type { Watchdog } from './watchdog.ts';

interface Condition {
  readonly state: RunState;
  readonly detail: string;
  readonly since: string;
}

/** How often the disk is checked while a service waits for space on it. */
const SPACE_POLL_MS = 1000;

/** What all services of a stack share. */
export interface ManagedServiceContext {
  readonly watchdog: Watchdog;
  readonly shortage: () => string | undefined;
  readonly onChange: (news?: string) => void;
  readonly onOutput: () => void;
}

const describeLoss = (reason: string | undefined): string =>
  reason === undefined ? 'its log is written again' : `lines of its log are dropped: ${reason}`;

/** One service: its present process, and the reaction to the end of that process. */
export class ManagedService {
  readonly name: ServiceName;
  readonly log: ServiceLog;
  readonly #watchdog: Watchdog;
  readonly #shortage: () => string | undefined;
  readonly #onChange: (news?: string) => void;
  readonly #onOutput: () => void;
  #spec: ServiceSpec | undefined;
  #process: ServiceProcess | undefined;
  #condition: Condition = { state: 'stopped', detail: 'not started', since: new Date().toISOString() };
  #restarts = 0;
  #row: EndsInARow = NO_ENDS;
  #exitCode: number | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #stopping: Promise<boolean> | undefined;

  /**
   * @param shortage returns why nothing can be started for want of disk space, or undefined
   * @param onChange called after every change, with a phrase on it when it is news
   * @param onOutput called after every piece of output
   */
  constructor(
    name: ServiceName,
    log: ServiceLog,
    { watchdog, shortage, onChange, onOutput }: ManagedServiceContext,
  ) {
    this.name = name;
    this.log = log;
    this.#watchdog = watchdog;
    this.#shortage = shortage;
    this.#onChange = onChange;
    this.#onOutput = onOutput;
  }

  get active(): boolean {
    return this.#process !== undefined || this.#restartTimer !== undefined;
  }

  get process(): ServiceProcess | undefined {
    return this.#process;
  }

  get spec(): ServiceSpec | undefined {
    return this.#spec;
  }

  /**
   * Starts it unless it runs or is about to be restarted; waits for a stop in progress first.
   * @returns whether it was started
   */
  async start(spec: ServiceSpec): Promise<boolean> {
    await this.#stopping;
    if (this.active) return false;
    this.#spec = spec;
    this.#restarts = 0;
    this.#row = NO_ENDS;
    this.#exitCode = undefined;
    this.#run(spec);
    return true;
  }

  /**
   * Stops it for good.
   * @returns whether there was anything to stop
   */
  async stop(): Promise<boolean> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  /**
   * Marks a service that does not run as stopped, however it had ended, because the stack was
   * stopped.
   */
  retire(): void {
    if (this.#condition.state !== 'stopped')
      this.#enter('stopped', `stopped; before, ${this.#condition.detail}`);
    this.log.close();
  }

  observe(): ServiceObservation {
    const pid = this.#process?.identity.pid;
    const { lossReason } = this.log;
    return {
      name: this.name,
      ...this.#condition,
      restarts: this.#restarts,
      recentLines: this.log.recentLines(),
      ...(lossReason !== undefined && { warning: `lines of its log are dropped: ${lossReason}` }),
      ...(pid !== undefined && { pid }),
      ...(this.#exitCode !== undefined && { exitCode: this.#exitCode }),
    };
  }

  async #stop(): Promise<boolean> {
    if (!this.active) return false;
    clearTimeout(this.#restartTimer);
    this.#restartTimer = undefined;
    const graceMs = this.#spec?.stopGraceMs ?? 0;
    const forced = await this.#process?.stop(graceMs);
    this.#process = undefined;
    this.#enter('stopped', forced ? `killed: it did not stop within ${graceMs / 1000} s` : 'stopped');
    return true;
  }

  #run(spec: ServiceSpec): void {
    this.log.beginProcess();
    let started: ServiceProcess;
    try {
      started = ServiceProcess.start(spec, this.#watchdog, (chunk) => {
        const { rotated, lossChanged } = this.log.write(chunk);
        if (lossChanged) this.#onChange(`${this.name}: ${describeLoss(this.log.lossReason)}`);
        else if (rotated) this.#onChange();
        else this.#onOutput();
      });
    } catch (error) {
      this.#follow(spec, { code: undefined, signal: undefined, refusal: messageOf(error) }, false);
      return;
    }
    this.#process = started;
    this.#enter('running', `process ${started.identity.pid}`);
    // A group that cannot be killed, or a file that cannot be removed, is a state to report, not a
    // reason to stop the other services.
    started.ended
      .then((end) => this.#afterEnd(spec, started, end))
      .catch((error: Error) => this.#enter('failed', error.message));
  }

  #afterEnd(spec: ServiceSpec, ended: ServiceProcess, end: ProcessEnd): void {
    this.#exitCode = end.code;
    if (this.#stopping) return;
    this.#process = undefined;
    if (spec.cleanShutdownFile !== undefined) rmSync(spec.cleanShutdownFile, { force: true });
    this.#follow(spec, end, performance.now() - ended.startedAtMs >= spec.restart.steadyAfterMs);
  }

  #follow(spec: ServiceSpec, end: ProcessEnd, steady: boolean): void {
    this.#row = oneMoreEnd(this.#row, end, steady);
    const verdict = verdictOn(end, this.#row, spec, this.#shortage());
    if (verdict.kind === 'completed') this.#enter('completed', describeEnd(end));
    else if (verdict.kind === 'failed') this.#enter('failed', verdict.reason);
    else if (verdict.kind === 'await-space') {
      // A process that ends on a full disk has not failed of its own accord.
      this.#row = NO_ENDS;
      this.#restartWithSpace(spec);
      this.#enter('restarting', verdict.reason);
    } else {
      this.#restartTimer = setTimeout(() => this.#restart(spec), verdict.delayMs);
      this.#enter('restarting', `${describeEnd(end)}, next start in ${verdict.delayMs / 1000} s`);
    }
  }

  #restartWithSpace(spec: ServiceSpec): void {
    this.#restartTimer = setTimeout(
      () => (this.#shortage() === undefined ? this.#restart(spec) : this.#restartWithSpace(spec)),
      SPACE_POLL_MS,
    );
  }

  #restart(spec: ServiceSpec): void {
    this.#restartTimer = undefined;
    this.#restarts += 1;
    this.#run(spec);
  }

  #enter(state: RunState, detail: string): void {
    this.#condition = { state, detail, since: new Date().toISOString() };
    this.#onChange(`${this.name} ${state}: ${detail}`);
  }
}

/**
 * Waits for a line before it becomes the service, so that the watchdog knows the group before
 * anything runs in it. If the supervisor dies in between, the shell ends by itself. Both outputs go
 * into one pipe, which keeps their order.
 */
const LAUNCHER = 'read -r go && exec "$@" </dev/null 2>&1';

/** How long output may still arrive after the last process of the group is gone. */
const DRAIN_TIMEOUT_MS = 1000;

/** One run of a service: its main process and everything in its process group. */
export class ServiceProcess {
  readonly identity: ProcessIdentity;
  readonly startedAtMs = performance.now();
  /**
   * Resolves once the main process has ended, the rest of its group was killed and all output has
   * been read.
   */
  readonly ended: Promise<ProcessEnd>;

  private constructor(identity: ProcessIdentity, ended: Promise<ProcessEnd>) {
    this.identity = identity;
    this.ended = ended;
  }

  /** @throws Error when the system refuses a new process */
  static start(spec: ServiceSpec, watchdog: Watchdog, onOutput: (chunk: Buffer) => void): ServiceProcess {
    const child = spawn('/bin/sh', ['-c', LAUNCHER, spec.name, spec.command, ...spec.args], {
      cwd: spec.cwd,
      env: { ...spec.env },
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    // `ended` or the missing id reports the error.
    child.on('error', () => undefined);
    const group = child.pid;
    const identity = group === undefined ? undefined : identityOf(group);
    // A process without an id may have no streams either: the system had no descriptors for them.
    if (group === undefined || identity === undefined) {
      throw new Error(`the system refused a process in ${spec.cwd}`);
    }
    child.stdin.on('error', () => undefined);
    watchdog.add(group);
    child.stdout.on('data', onOutput);
    const ended = endOf(child, group).then((end) => {
      watchdog.remove(group);
      return end;
    });
    child.stdin.end('go\n');
    return new ServiceProcess(identity, ended);
  }

  /**
   * Asks the main process to end, and kills the group when it has not ended within the grace.
   * @returns whether force was needed
   * @throws Error when even that did not end it
   */
  async stop(graceMs: number): Promise<boolean> {
    signalProcess(this.identity.pid, 'SIGTERM');
    const grace = new AbortController();
    const willing = await Promise.race([
      this.ended.then(() => true),
      sleep(graceMs, false, { signal: grace.signal }),
    ]).finally(() => grace.abort());
    if (willing) return false;
    await killGroup(this.identity.pid);
    await this.ended;
    return true;
  }
}

async function endOf(
  child: ChildProcessByStdio<Writable, Readable, null>,
  group: number,
): Promise<ProcessEnd> {
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const end = await new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  // Executors or a Python child must neither outlive their main process nor hold its ports when it
  // starts again.
  await killGroup(group);
  const drained = new AbortController();
  await Promise.race([closed, sleep(DRAIN_TIMEOUT_MS, undefined, { signal: drained.signal })]).finally(() =>
    drained.abort(),
  );
  child.stdout.destroy();
  return end;
}
