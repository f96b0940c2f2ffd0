import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import {
  identityOf,
  isAlive,
  LOCALE_VARIABLE,
  type ProcessIdentity,
  UTF8_LOCALE,
} from '../util/processes.ts';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';

/** A run of pip, venv, Ivy or java. */
export interface ToolRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Its abort ends the tool and everything it started, at once. */
  readonly signal: AbortSignal;
  readonly onLine?: (line: string) => void;
  /**
   * Receives the process as soon as it runs, so that a later command can end it if this process is
   * killed.
   */
  readonly onStart?: (tool: ProcessIdentity) => void;
}

/** How a tool ended, whatever its exit code. */
export interface ToolEnd {
  /** "exit code 1" or "SIGKILL". */
  readonly detail: string;
  readonly succeeded: boolean;
  readonly elapsedMs: number;
  /**
   * The last lines it wrote, standard output and error in the order of arrival, with passwords in
   * addresses removed.
   */
  readonly lines: readonly string[];
}

const LINES_KEPT = 200;

/**
 * Runs a tool in a process group of its own, so that what it starts ends with it and Ctrl-C reaches
 * it through the signal only.
 * @throws the signal's reason when aborted, after everything has ended; the system's error when the
 * file cannot be run
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

/**
 * Ends a tool that an earlier, killed command left running, with its group. A process that merely
 * has its id is left alone.
 */
export async function endLeftover(tool: ProcessIdentity): Promise<void> {
  while (isAlive(tool)) {
    killGroup(tool.pid);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** These tools need no graceful end: half-made folders never count. */
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

/**
 * Variables that would direct our own Python and Spark to other installations, or give them options
 * meant for those.
 */
const FOREIGN =
  /^(PYTHON(PATH|HOME|STARTUP|USERBASE)|__PYVENV_LAUNCHER__|PIP_(TARGET|PREFIX|ROOT|PYTHON|USER|REQUIRE_VIRTUALENV)|(SPARK|PYSPARK|HADOOP)_.*)$/;

/**
 * Returns the environment of Python, pip, Java and Ivy: this process's, with its proxies and
 * mirrors (PIP_*), in UTF-8, without what belongs to another Python or Spark.
 */
export function toolEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const own = Object.entries(environment).filter(
    ([name]) => !FOREIGN.test(name) && !LOCALE_VARIABLE.test(name),
  );
  return { ...Object.fromEntries(own), ...UTF8_LOCALE };
}

/** What the tools' last lines mean, the most specific first: a full disk also breaks downloads. */
const REASONS: readonly { readonly pattern: RegExp; readonly reason: string; readonly hint: string }[] = [
  {
    pattern: /No space left on device|Disk quota exceeded|ENOSPC/i,
    reason: 'the disk is full',
    hint: 'Free some space, or put the cache on another disk with XDG_CACHE_HOME (transient files go there too)',
  },
  {
    pattern: /CERTIFICATE_VERIFY_FAILED|PKIX path|SSLHandshakeException|unable to find valid certification/i,
    reason: "the server's certificate is not trusted",
    hint: 'If this network has a certificate authority of its own, name its PEM file in NODE_EXTRA_CA_CERTS',
  },
  {
    pattern: /\b407\b|Proxy Authentication Required/i,
    reason: 'the proxy asked for a password',
    hint: 'Check HTTPS_PROXY; for Java, use a proxy without a password or a mirror (IVY_SETTINGS_FILE)',
  },
  {
    pattern:
      /name resolution|Name or service not known|getaddrinfo|nodename nor servname|UnknownHost|Host \S+ not found|Connection ?refused|unreachable|No route to host|timed? ?out|establish a new connection|ProxyError|ConnectException|Connection ?reset/i,
    reason: 'there was no connection to the package registry',
    hint: 'Check the network, or HTTPS_PROXY, or the mirror you use (PIP_INDEX_URL, IVY_SETTINGS_FILE)',
  },
  {
    pattern: /\b40[13]\b.*(Unauthori[sz]ed|Forbidden|Client Error)|(Unauthori[sz]ed|Forbidden)/i,
    reason: 'the package registry refused access',
    hint: 'Check the credentials of the mirror you use (PIP_INDEX_URL, IVY_SETTINGS_FILE)',
  },
  {
    pattern: /No matching distribution|Could not find a version|unresolved dependenc|UNRESOLVED/i,
    reason: 'the package registry does not have it for this machine',
    hint: 'Check SPARK_VERSION, and that the mirror you use (PIP_INDEX_URL, IVY_SETTINGS_FILE) carries it',
  },
];

const TAIL_LINES = 20;

/**
 * Returns the error of a tool that failed to install something: the reason as its output shows it,
 * and its last lines.
 */
export function toolFailure(subject: string, tool: string, end: ToolEnd): ProductError {
  const output = end.lines.join('\n');
  const known = REASONS.find(({ pattern }) => pattern.test(output));
  const ending = `${tool} ended with ${end.detail} after ${Math.round(end.elapsedMs / 1000)} s`;
  return new ProductError('PROVISION_FAILED', {
    message: `${subject} could not be brought to the cache: ${known ? `${known.reason} (${ending})` : ending}.`,
    hint: `${known?.hint ?? 'See the lines above'}, then run \`${userCommand('up')}\` again; finished downloads are kept.`,
    logTail: end.lines.filter((line) => line.trim() !== '').slice(-TAIL_LINES),
  });
}
