import { readFileSync } from 'node:fs';
import { execa } from 'execa';

/** Why the limit of another process cannot be set here; undefined when it can. `prlimit` is of util-linux. */
export async function canLimitFileSize(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'file-size limits of running processes exist on Linux only';
  const { failed } = await execa('prlimit', ['--version'], { reject: false, stdin: 'ignore' });
  return failed ? 'there is no `prlimit` command (package util-linux)' : undefined;
}

/** The soft limit that a process has, in bytes or as `unlimited`; undefined when it has gone. */
export function fileSizeLimit(pid: number): string | undefined {
  try {
    return /^Max file size\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/**
 * Sets the soft limit of a process; the hard one stays, so that it can be taken back without rights.
 * @param limit bytes or `unlimited`
 * @returns false when the process has gone
 * @throws Error with prlimit's words
 */
export async function limitFileSize(pid: number, limit: string): Promise<boolean> {
  const { failed, stderr } = await execa('prlimit', ['--pid', String(pid), `--fsize=${limit}:`], {
    reject: false,
    stdin: 'ignore',
  });
  if (!failed) return true;
  if (fileSizeLimit(pid) === undefined) return false;
  throw new Error(`prlimit: ${stderr.trim()}`);
}
