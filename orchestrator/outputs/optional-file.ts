import { readdir, readFile } from 'node:fs/promises';

/** The content of a file; undefined when there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  return absentAsUndefined(readFile(path, 'utf8'));
}

/** The names in a folder; none when there is no such folder. */
export async function namesIfPresent(path: string): Promise<readonly string[]> {
  return (await absentAsUndefined(readdir(path))) ?? [];
}

/** Whatever an operation on a file gives; undefined when the file, or a folder above it, is not there. */
export async function absentAsUndefined<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
