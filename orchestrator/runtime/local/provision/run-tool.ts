import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { identityOf, isAlive, type ProcessIdentity } from '../../process-identity.ts';

/** A run of pip, venv, Ivy or java. */
export interface ToolRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the tool and everything it started, at once. */
  readonly signal: AbortSignal;
  readonly onLine?: (line: string) => void;
  /** Told as soon as it runs, so that a later command can end it if this process is killed. */
  readonly onStart?: (tool: ProcessIdentity) => void;
}

/** How a tool ended, whatever its exit code. */
export interface ToolEnd {
  /** "exit code 1" or "SIGKILL". */
  readonly detail: string;
  readonly succeeded: boolean;
  readonly elapsedMs: number;
  /** The last lines it wrote, standard output and error in the order of arrival, passwords in addresses blanked. */
  readonly lines: readonly string[];
}

const LINES_KEPT = 200;

/**
 * Runs a tool in a process group of its own, so that what it starts ends with it and Ctrl-C reaches it through the signal only.
 * @throws the signal's reason when aborted, after everything has ended; the system's error when the file cannot be run
 */
export async function runTool(run: ToolRun): Promise<ToolEnd> {
  run.signal.throwIfAborted();
  const startedMs = performance.now();
  const child = spawn(run.file, run.args, {
    cwd: run.cwd,
    env: run.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const keep = (line: string) => {
    const shown = withoutPasswords(line);
    lines.push(shown);
    if (lines.length > LINES_KEPT) lines.shift();
    run.onLine?.(shown);
  };
  const read = (from: Readable) => createInterface({ input: from }).on('line', keep);
  read(child.stdout);
  read(child.stderr);
  const onAbort = () => child.pid !== undefined && killGroup(child.pid);
  run.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const ended = new Promise<string | number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(signal ?? code ?? 'no exit code'));
    });
    const identity = child.pid === undefined ? undefined : identityOf(child.pid);
    if (identity) run.onStart?.(identity);
    const end = await ended;
    run.signal.throwIfAborted();
    return {
      detail: typeof end === 'number' ? `exit code ${end}` : end,
      succeeded: end === 0,
      elapsedMs: performance.now() - startedMs,
      lines,
    };
  } finally {
    run.signal.removeEventListener('abort', onAbort);
  }
}

/** Ends a tool that an earlier, killed command left running, with its group; a process that merely has its id is left alone. */
export async function endLeftover(tool: ProcessIdentity): Promise<void> {
  while (isAlive(tool)) {
    killGroup(tool.pid);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Nothing these tools hold needs a graceful end: half-made folders never count. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Mirrors are often given as https://user:password@host. */
function withoutPasswords(line: string): string {
  return line.replace(/(:\/\/)[^\s@]+@/g, '$1***@');
}
