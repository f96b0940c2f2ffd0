import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ServiceSpec } from '../../orchestrator/runtimes/local/supervisor/service-spec.ts';
import { ProductError } from '../../orchestrator/util/product-error.ts';
import { cpuSecondsOf } from '../measure/process-usage.ts';

const LINES_KEPT = 40;
const CPU_POLL_MS = 100;

/** A measured process. */
export interface ChildRun {
  readonly pid: number;
  /** The newest lines of both outputs, oldest first. */
  readonly lines: readonly string[];
  /** Whether it has ended, with or without an error. */
  readonly hasEnded: boolean;
  /**
   * CPU seconds (user and system) so far. After its end these are the last ones read, at most 0.1 s
   * before it.
   */
  cpuSeconds(): number;
  /**
   * Waits for a successful end. @throws ProductError STEP_FAILED with the last lines when it ends
   * otherwise
   */
  done(signal: AbortSignal): Promise<void>;
  /**
   * Sends SIGTERM, and SIGKILL if the process does not end in time. Does nothing when it has ended.
   */
  stop(): Promise<void>;
}

/** Runs a service's process outside the supervisor, so nothing restarts it. */
export function runChild(
  spec: Pick<ServiceSpec, 'name' | 'command' | 'args' | 'env' | 'cwd' | 'stopGraceMs'>,
  environment: Readonly<Record<string, string>>,
): ChildRun {
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: { ...spec.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (line) lines.push(line);
      lines.splice(0, lines.length - LINES_KEPT);
    });
  }
  let error: Error | undefined;
  child.on('error', (cause) => {
    error = cause;
  });
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  const pid = child.pid ?? 0;
  let cpu = 0;
  const look = () => {
    cpu = (hasEnded() ? undefined : cpuSecondsOf(pid)) ?? cpu;
  };
  const polling = setInterval(look, CPU_POLL_MS);
  void closed.then(() => clearInterval(polling));

  const stop = async () => {
    if (hasEnded()) return;
    child.kill('SIGTERM');
    const killing = setTimeout(() => child.kill('SIGKILL'), spec.stopGraceMs);
    await closed;
    clearTimeout(killing);
  };
  return {
    pid,
    lines,
    get hasEnded() {
      return hasEnded();
    },
    cpuSeconds: () => {
      look();
      return cpu;
    },
    stop,
    async done(signal) {
      const onAbort = () => void stop();
      signal.addEventListener('abort', onAbort, { once: true });
      await closed;
      signal.removeEventListener('abort', onAbort);
      signal.throwIfAborted();
      if (child.exitCode === 0) return;
      throw new ProductError('STEP_FAILED', {
        message: `${spec.name} ended with ${child.signalCode ?? `exit code ${child.exitCode}`}.`,
        hint: 'Its last lines are above.',
        cause: error,
        logTail: lines.slice(-20),
      });
    },
  };
}
