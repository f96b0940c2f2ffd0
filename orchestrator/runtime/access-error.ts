import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, relative } from 'node:path';
import { ProductError } from '../core/product-error.ts';
import { freeBytes, megabytes } from './free-space.ts';

/** Folders of the product's own, by the setting that moves them. */
export type OwnFolders = Readonly<Record<string, string>>;

const REFUSALS = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'];

/** Paths that lead to no folder, and why. They are the setting's fault where the path is below one, and a defect elsewhere. */
const NO_FOLDER: Readonly<Record<string, string>> = {
  ENOTDIR: 'a part of the path is a file',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the path is too long',
};

/**
 * Turns the system's refusal of a file of ours into a sentence that names the folder, its owner and the way out: every command may
 * meet one, after root has run another. Anything else is returned as it is.
 */
export function explainAccess(error: unknown, folders: OwnFolders): unknown {
  if (error instanceof AggregateError) {
    return new AggregateError(
      error.errors.map((one) => explainAccess(one, folders)),
      error.message,
    );
  }
  // What wrapped it knows less than the refusal says.
  const cause = error instanceof ProductError && error.code === 'STOP_FAILED' ? error.cause : error;
  if (error instanceof ProductError && cause === error) return error;
  const { code: given = '', path, syscall } = (cause ?? {}) as NodeJS.ErrnoException;
  const code = given === 'ENOENT' && syscall === 'mkdir' && path ? reasonWithoutFolder(path) : given;
  if (typeof path !== 'string') return error;
  const [setting, folder] = Object.entries(folders).find(([, own]) => isWithin(own, path)) ?? [];
  if (!REFUSALS.includes(code) && !(setting && code in NO_FOLDER)) return error;
  return new ProductError('OUTPUT_NOT_WRITABLE', {
    message: `${setting ? `${setting}=${folder}` : path} cannot be used: ${reasonOf(code, path)} (${code}${folder === path || !setting ? '' : `, ${path}`}).`,
    hint: hintOf(code, path, folder ?? path, setting),
    cause,
  });
}

/** Node's recursive mkdir says ENOENT where the system has said EROFS or ENOSPC: the first folder that is missing is asked for again. */
function reasonWithoutFolder(path: string): string {
  const above = dirname(path);
  if (above !== path && !existsSync(above)) return reasonWithoutFolder(above);
  try {
    mkdirSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'ENOENT';
  }
  rmdirSync(path);
  return 'ENOENT';
}

function reasonOf(code: string, path: string): string {
  if (code in NO_FOLDER) return String(NO_FOLDER[code]);
  if (code === 'EROFS') return 'its file system is read-only';
  if (code === 'ENOSPC' || code === 'EDQUOT') return `${megabytes(freeBytes(path))} are free on its disk`;
  const owner = ownerOf(path);
  return owner === process.getuid?.() ? 'its permissions forbid it' : `it belongs to ${nameOf(owner)}`;
}

function hintOf(code: string, path: string, folder: string, setting: string | undefined): string {
  const elsewhere = setting ? `, or set ${setting} to another folder` : '';
  if (code in NO_FOLDER) return `Set ${setting} to another folder.`;
  if (code === 'EROFS') return `Make it writable${elsewhere}.`;
  if (code === 'ENOSPC' || code === 'EDQUOT') return `Free some space${elsewhere}.`;
  const owner = ownerOf(path);
  if (owner === process.getuid?.()) return `Run \`chmod -R u+rwX '${folder}'\`${elsewhere}.`;
  const me = `${process.getuid?.()}:${process.getgid?.()}`;
  return `Run the command as ${nameOf(owner)}, or \`npm run down\` as ${nameOf(owner)} and then \`sudo chown -R ${me} '${folder}'\`${elsewhere}.`;
}

/** Of the file, or of the nearest folder above it that can be seen. */
function ownerOf(path: string): number {
  try {
    return statSync(path).uid;
  } catch {
    return dirname(path) === path ? 0 : ownerOf(dirname(path));
  }
}

const nameOf = (uid: number): string => (uid === 0 ? 'root' : `the user with id ${uid}`);

/** This user's name; undefined where the id has no entry in the list of users, as in a container with an arbitrary one. */
export function userNameOf(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

function isWithin(folder: string, path: string): boolean {
  const below = relative(folder, path);
  return below === '' || !(below === '..' || below.startsWith('../'));
}
