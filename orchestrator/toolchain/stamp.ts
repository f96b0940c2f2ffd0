import { createHash } from 'node:crypto';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** One file of a provisioned folder. */
interface StampedFile {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Proof that a folder was completely made, from what and with which files; written last. */
export interface Stamp {
  /** Everything that determines the content; another recipe means another content. */
  readonly recipe: string;
  readonly files: readonly StampedFile[];
  /** What the maker wants to know later without starting a process, such as paths and versions. */
  readonly facts: Readonly<Record<string, string>>;
}

/** The file with the stamp, in the folder itself. */
const NAME = 'provisioned.json';

/**
 * Returns the stamp of a folder that is still intact: same recipe, every file there with its size.
 * Costs one `stat` per file and starts no process.
 */
export function readStamp(folder: string, recipe: string): Stamp | undefined {
  const stamp = readAnyStamp(folder);
  if (stamp?.recipe !== recipe) return undefined;
  const whole = stamp.files.every(
    ({ path, size }) => statSync(join(folder, path), { throwIfNoEntry: false })?.size === size,
  );
  return whole ? stamp : undefined;
}

/** Whether a folder was once complete, with this or another recipe, intact or not. */
export function hasStamp(folder: string): boolean {
  return statSync(join(folder, NAME), { throwIfNoEntry: false }) !== undefined;
}

/** Declares a folder complete: sizes and hashes are taken from the disk now. */
export async function writeStamp(
  folder: string,
  made: { readonly recipe: string; readonly files: readonly string[]; readonly facts: Stamp['facts'] },
): Promise<Stamp> {
  const files: StampedFile[] = [];
  // One after the other: hashing is as fast as memory, and some of these files are large.
  for (const path of made.files.toSorted()) files.push(await stampFile(folder, path));
  const stamp: Stamp = { recipe: made.recipe, facts: made.facts, files };
  const unfinished = join(folder, `${NAME}.${process.pid}`);
  writeFileSync(unfinished, JSON.stringify(stamp));
  renameSync(unfinished, join(folder, NAME));
  return stamp;
}

/** Returns the files whose content differs from the stamp. It is a full read, for `doctor`. */
export async function changedFiles(folder: string, stamp: Stamp): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const file of stamp.files) {
    const now = await stampFile(folder, file.path).catch(() => undefined);
    if (now?.sha256 !== file.sha256) changed.push(file.path);
  }
  return changed;
}

async function stampFile(folder: string, path: string): Promise<StampedFile> {
  const file = join(folder, path);
  const sha256 = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  return { path, size: (await stat(file)).size, sha256 };
}

/**
 * Returns the stamp of a folder, intact or not; undefined without a stamp, or with one of another
 * format: the folder does not count then.
 */
export function readAnyStamp(folder: string): Stamp | undefined {
  try {
    const stamp = JSON.parse(readFileSync(join(folder, NAME), 'utf8')) as Partial<Stamp>;
    return typeof stamp.recipe === 'string' && Array.isArray(stamp.files) && stamp.facts
      ? (stamp as Stamp)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
