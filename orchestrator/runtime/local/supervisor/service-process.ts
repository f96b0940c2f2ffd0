import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityOf, type ProcessIdentity } from '../../process-identity.ts';
import { killGroup, signalProcess } from '../process-group.ts';
import type { ProcessEnd, ServiceSpec } from './service-spec.ts';
import type { Watchdog } from './watchdog.ts';

/**
 * Waits for a word before it becomes the service, so that the watchdog knows the group before anything runs in it: a
 * supervisor that dies in between leaves a shell that ends by itself. Both outputs go into one pipe, which keeps their order.
 */
const LAUNCHER = 'read -r go && exec "$@" </dev/null 2>&1';

/** How long output may still come after the last process of the group is gone. */
const DRAIN_TIMEOUT_MS = 1000;

/** One run of a service: its main process and everything in its process group. */
export class ServiceProcess {
  readonly identity: ProcessIdentity;
  readonly startedAtMs = performance.now();
  /** Resolves once the main process has ended, the rest of its group was killed and all output has been taken. */
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
    // Told through `ended` or by the missing id.
    child.on('error', () => undefined);
    const group = child.pid;
    const identity = group === undefined ? undefined : identityOf(group);
    // Without an id there may be no streams either: the system had no descriptors for them.
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
   * Asks the main process to end, and kills the group when it has not within the grace.
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
  // Executors, a Python child: they must neither outlive their main process nor hold its ports when it starts again.
  await killGroup(group);
  const drained = new AbortController();
  await Promise.race([closed, sleep(DRAIN_TIMEOUT_MS, undefined, { signal: drained.signal })]).finally(() =>
    drained.abort(),
  );
  child.stdout.destroy();
  return end;
}
