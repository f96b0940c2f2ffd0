import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Reads a file; undefined when there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  return absentAsUndefined(readFile(path, 'utf8'));
}

/** Returns the names in a folder; none when there is no such folder. */
export async function namesIfPresent(path: string): Promise<readonly string[]> {
  return (await absentAsUndefined(readdir(path))) ?? [];
}

/**
 * Returns the result of an operation on a file; undefined when the file, or a folder above it, does
 * not exist.
 */
export async function absentAsUndefined<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * Returns this user's home, absolute, or the root where there is none. Node fails for a user id
 * without an entry in the user list and without HOME, and an empty HOME would mean the current
 * folder.
 */
export function homeFolder(): string {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : '/';
  } catch {
    return '/';
  }
}

/**
 * Whether two paths lead to one folder, through links or not; false when either leads to nothing.
 */
export function isSameFolder(one: string, other: string): boolean {
  // As big integers: file systems use all 64 bits of an inode's number.
  const [a, b] = [one, other].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/** Two letters or more, so that a Windows drive is not taken for a scheme. */
const SCHEME = /^([a-z][a-z0-9+.-]+):(.*)$/is;

/**
 * Returns the folder on the local disk that an OUTPUT_PATH names: a path, or a `file:` URI
 * (`file:/a`, `file:///a`) with percent encoding. The job reads it the same way.
 * @returns undefined for any other scheme, or for a `file:` URI that names a host
 */
export function localPath(outputPath: string): string | undefined {
  const parts = SCHEME.exec(outputPath);
  if (!parts) return resolve(outputPath);
  const [, scheme = '', rest = ''] = parts;
  const path = /^\/\/(?=\/)/.test(rest) ? rest.slice(2) : rest;
  const local = scheme.toLowerCase() === 'file' && path.startsWith('/') && !path.startsWith('//');
  return local ? resolve(decoded(path)) : undefined;
}

/**
 * Returns the `file:///` URI of an absolute path, for a program that would take a bare path apart
 * (`#`, `%20`) or search for it elsewhere than on the local disk (Hadoop's fs.defaultFS). Java
 * refuses some characters that Node leaves in a URL.
 */
export function fileUri(path: string): string {
  return pathToFileURL(path).href.replace(/[[\]{}|^`]/g, encodeURIComponent);
}

/**
 * Decodes percent encoding. A text with a percent sign that begins no encoding is meant literally.
 */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * macOS Finder's view of a folder and its resource forks, Windows Explorer's thumbnails and view.
 */
const NAMES = /^(\.DS_Store|\._.+|Thumbs\.db|ehthumbs\.db|desktop\.ini)$/i;

/**
 * Whether a file is one that a desktop leaves in any folder that somebody opens. Such a file is
 * nobody's data.
 */
export function isFileManagerFile(name: string): boolean {
  return NAMES.test(name);
}

/**
 * Atomically replaces the text of a file, where it has another one.
 * @param mode `check` changes nothing
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
    // A full disk's error does not name the file.
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}
