import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nearestExisting } from '../../util/owned-folder.ts';
import { messageOf, ProductError } from '../../util/product-error.ts';

/**
 * Refuses a folder that has files, which would be overwritten.
 * @param shown the folder as the user named it
 * @throws ProductError BAD_USAGE
 */
export function refuseExisting(folder: string, shown: string): void {
  if (!existsSync(folder)) return;
  const isFolder = statSync(folder).isDirectory();
  const names = isFolder ? readdirSync(folder) : [];
  if (isFolder && names.length === 0) return;
  const what = isFolder
    ? `exists and has ${names.slice(0, 4).join(', ')}${names.length > 4 ? ', …' : ''}`
    : 'is a file';
  throw new ProductError('BAD_USAGE', {
    message: `${shown} ${what}; nothing was written.`,
    hint: 'Choose another name, or delete it first: `new` overwrites nothing.',
  });
}

/**
 * Writes a folder as a whole: it appears with all of its files or, after an error, not at all.
 * @param files texts by name
 */
export function writeFolder(folder: string, files: Readonly<Record<string, string>>): void {
  const above = dirname(folder);
  const existing = nearestExisting(above);
  const part = join(above, `.${basename(folder)}.${process.pid}.part`);
  try {
    mkdirSync(part, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(part, name), text);
    // Replaces an empty folder. A folder with files makes it fail.
    renameSync(part, folder);
  } catch (error) {
    if (existsSync(part)) rmSync(part, { recursive: true });
    for (let at = above; at !== existing && existsSync(at); at = dirname(at)) rmdirSync(at);
    const { code = '' } = error as NodeJS.ErrnoException;
    if (NO_PLACE.has(code)) {
      throw new ProductError('BAD_USAGE', {
        message: `${folder} cannot be written: ${messageOf(error)}; nothing was written.`,
        hint: 'Choose another name or another folder.',
        cause: error,
      });
    }
    // A full disk's error does not name the file.
    throw Object.assign(error as NodeJS.ErrnoException, { path: folder });
  }
}

/** Errors of a path where no folder can be, or where another process has made one meanwhile. */
const NO_PLACE = new Set(['ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EEXIST', 'ENOTEMPTY']);
