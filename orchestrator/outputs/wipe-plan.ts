import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ANSWER_KEY_FILE } from '../core/answer-key-file.ts';
import { isFileManagerFile } from '../core/file-manager-files.ts';
import { ProductError } from '../core/product-error.ts';
import { absentAsUndefined, namesIfPresent } from './optional-file.ts';
import { contentOfFileName, isSinkName, type OutputName } from './sinks.ts';

/** The file that marks a folder as made by this stack. */
export const OUTPUT_MARKER = '.medallion-stream';

/** What a wipe deletes. All paths are absolute. */
export interface WipePlan {
  /** Checkpoints and staging, deleted with all they hold; absent folders are not in here. */
  readonly ownFolders: readonly string[];
  /** Files to delete one by one, by the folder that goes when it is empty afterwards. */
  readonly files: ReadonlyMap<string, readonly string[]>;
}

/**
 * What may lie in `_chk` beside a folder for each query, each with its checksum file and its draft; below it everything is Spark's or
 * the job's.
 */
const CHECKPOINT_NAMES = [
  '_pruned',
  ...['_source.json', '_pipeline.json'].flatMap((name) => [name, `${name}.new`]),
];

/** A gold table's name, which is that of its folder and of its query's checkpoint. */
const TABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Lists what the stack made in OUTPUT_PATH, and what a file manager left among it. Nothing is deleted, and symbolic links are not followed.
 * @param keepsAnswerKey whether the producer's answer key stays, as the topic does that it tells of
 * @throws ProductError FOREIGN_FILES naming what else is there
 */
export async function planWipe(root: string, outputDir: string, keepsAnswerKey: boolean): Promise<WipePlan> {
  const foreign: string[] = [];
  const ownFolders: string[] = [];
  const files = new Map<string, string[]>([[root, []]]);
  const tables = new Set((await namesIfPresent(join(root, '_chk'))).filter((name) => TABLE.test(name)));
  for (const entry of await entriesOf(root, foreign)) {
    const path = join(root, entry.name);
    if (entry.isDirectory() && (await isOutput(path, tables))) {
      files.set(path, await sinkFilesOf(path, entry.name, foreign));
    } else if (entry.isDirectory() && (entry.name === '_chk' || entry.name === '_staging')) {
      await findForeignBelow(path, entry.name === '_chk' ? isOfCheckpoints : undefined, foreign);
      ownFolders.push(path);
    } else if (entry.isFile() && (entry.name === OUTPUT_MARKER || isFileManagerFile(entry.name))) {
      files.get(root)?.push(path);
    } else if (path === join(outputDir, ANSWER_KEY_FILE) && entry.isFile()) {
      if (!keepsAnswerKey) files.get(root)?.push(path);
    } else {
      foreign.push(path);
    }
  }
  if (outputDir !== root) {
    const own = keepsAnswerKey ? [OUTPUT_MARKER] : [OUTPUT_MARKER, ANSWER_KEY_FILE];
    files.set(outputDir, await filesOf(outputDir, own));
  }
  if (foreign.length > 0) throw refusal(foreign);
  return { ownFolders, files };
}

/** Those of these names that are files, absolute. */
async function filesOf(folder: string, names: readonly string[]): Promise<string[]> {
  const paths = names.map((name) => join(folder, name));
  const found = await Promise.all(paths.map((path) => absentAsUndefined(lstat(path))));
  return paths.filter((_, index) => found[index]?.isFile());
}

/** The entries of a folder; none when it is not there. A symbolic link or a file in its place is foreign. */
async function entriesOf(folder: string, foreign: string[]): Promise<readonly Dirent[]> {
  const found = await absentAsUndefined(lstat(folder));
  if (found?.isDirectory()) return readdir(folder, { withFileTypes: true });
  if (found) foreign.push(folder);
  return [];
}

async function sinkFilesOf(folder: string, sink: OutputName, foreign: string[]): Promise<string[]> {
  const own: string[] = [];
  for (const entry of await entriesOf(folder, foreign)) {
    const path = join(folder, entry.name);
    const isData = contentOfFileName(sink, withoutChecksum(entry.name)) !== undefined;
    const isOwn = entry.isFile() && (isData || isFileManagerFile(entry.name));
    (isOwn ? own : foreign).push(path);
  }
  return own;
}

/**
 * Whether a folder is that of a sink or gold table. Without checkpoints, which a wipe that was cut short has taken, the files of a table
 * tell: all are named after the folder.
 */
async function isOutput(path: string, tables: ReadonlySet<string>): Promise<boolean> {
  const name = basename(path);
  if (isSinkName(name) || name === DEFAULT_TABLE || tables.has(name)) return true;
  const files = (await namesIfPresent(path)).filter((file) => !isFileManagerFile(file));
  return (
    TABLE.test(name) &&
    files.length > 0 &&
    files.every((file) => contentOfFileName(name, withoutChecksum(file)) !== undefined)
  );
}

/** The gold table of the product's own pipeline. */
const DEFAULT_TABLE = 'gold';

/** Folders of the former layout, of which `gold` held files of the job's own. */
const QUERIES = ['ingest', 'medallion', DEFAULT_TABLE];
/** What Spark puts into the checkpoint of a query. */
const SPARKS_OWN = ['metadata', 'offsets', 'commits', 'sources', 'state'];

async function isOfCheckpoints(entry: Dirent): Promise<boolean> {
  if (CHECKPOINT_NAMES.includes(withoutChecksum(entry.name))) return true;
  if (!entry.isDirectory()) return false;
  if (QUERIES.includes(entry.name)) return true;
  const names = await namesIfPresent(join(entry.parentPath, entry.name));
  return TABLE.test(entry.name) && names.some((name) => SPARKS_OWN.includes(name));
}

/** Looks through a folder of the job's own for what cannot be its: links, and names on the first level that it does not use. */
async function findForeignBelow(
  folder: string,
  isOwn: ((entry: Dirent) => Promise<boolean>) | undefined,
  foreign: string[],
): Promise<void> {
  for (const entry of await entriesOf(folder, foreign)) {
    const path = join(folder, entry.name);
    const known = isOwn === undefined || (await isOwn(entry)) || isFileManagerFile(entry.name);
    if (!known || !(entry.isFile() || entry.isDirectory())) foreign.push(path);
    else if (entry.isDirectory()) await findForeignBelow(path, undefined, foreign);
  }
}

/** The file that a Hadoop checksum file `.<name>.crc` belongs to; other names stay as they are. */
function withoutChecksum(name: string): string {
  return /^\.(.+)\.crc$/.exec(name)?.[1] ?? name;
}

function refusal(foreign: readonly string[]): ProductError {
  const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : '';
  return new ProductError('FOREIGN_FILES', {
    message: `This stack did not make ${foreign.slice(0, 3).join(', ')}${more}; nothing was deleted.`,
    hint: 'Move it elsewhere, or name another folder with OUTPUT_DIR; then run `npm run reset` again.',
  });
}
