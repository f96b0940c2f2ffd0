import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Gives a file a text in one piece, where it has another one.
 * @param mode `check` only looks
 * @returns whether it had another text
 */
export function replaceFile(path: string, text: string, mode: 'write' | 'check'): boolean {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return false;
  if (mode === 'write') write(path, text);
  return true;
}

function write(path: string, text: string): void {
  const part = `${path}.part`;
  try {
    writeFileSync(part, text);
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    // A full disk's error does not say which file.
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}
