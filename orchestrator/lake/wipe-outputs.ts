import type { Dirent } from 'node:fs';
import { lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { absentAsUndefined, isFileManagerFile, namesIfPresent } from '../util/files.ts';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import { PROGRESS_FILE } from './progress/progress.ts';
import { ANSWER_KEY_FILE, contentOfFileName, isSinkName, localOutputPath, type OutputName } from './sinks.ts';

/** A wipe that has passed its checks. */
export interface OutputsWipe {
  /** What would be deleted, one phrase a folder. Empty when there is nothing. */
  readonly found: readonly string[];
  /**
   * Checks again, because the job may have written in the meantime, and deletes. The job must be
   * stopped.
   * @returns what was deleted, one phrase a folder
   * @throws ProductError FOREIGN_FILES, having deleted nothing
   */
  wipe(): Promise<readonly string[]>;
}

/**
 * Plans the deletion of outputs and checkpoints: the sinks' files with names of the contract, their
 * checksum files, `_chk`, `_staging` and the marker. If anything else is there, nothing is deleted.
 * OUTPUT_DIR itself stays.
 * @param outputPath OUTPUT_PATH
 * @param outputDir OUTPUT_DIR, whose marker is deleted too; so is the answer key about the topic's
 * records, unless the topic is kept
 * @throws ProductError FOREIGN_FILES naming what the stack did not make; OUTPUT_NOT_LOCAL
 */
export async function planOutputsWipe(
  outputPath: string,
  outputDir: string,
  { keepTopic }: { readonly keepTopic: boolean },
): Promise<OutputsWipe> {
  const root = localOutputPath(outputPath);
  return {
    found: phrases(await planWipe(root, outputDir, keepTopic)),
    async wipe() {
      const plan = await planWipe(root, outputDir, keepTopic);
      await carryOut(plan, root, outputDir);
      return phrases(plan);
    },
  };
}

/** Plans and deletes in one step. */
export async function wipeOutputs(outputPath: string, outputDir: string): Promise<readonly string[]> {
  return (await planOutputsWipe(outputPath, outputDir, { keepTopic: false })).wipe();
}

async function carryOut(plan: WipePlan, root: string, outputDir: string): Promise<void> {
  // The checkpoint is deleted first and at once. If the wipe is interrupted, the job refuses
  // outputs without a checkpoint. With a checkpoint and no outputs it would continue as if nothing
  // had happened.
  const checkpoint = join(root, '_chk');
  const staging = join(root, '_staging');
  if (plan.ownFolders.includes(checkpoint)) {
    await mkdir(staging, { recursive: true });
    await rename(checkpoint, join(staging, `_chk_${process.pid}_${Date.now()}`));
  }
  for (const paths of plan.files.values()) {
    for (const path of paths) await rm(path, { force: true });
  }
  await rm(staging, { recursive: true, force: true });
  for (const folder of [...plan.files.keys()].reverse()) {
    if (folder !== outputDir) await removeIfEmpty(folder);
  }
}

/** A folder in which something appeared in the meantime stays, with its content. */
async function removeIfEmpty(folder: string): Promise<void> {
  const names = await absentAsUndefined(readdir(folder));
  if (names?.length === 0) await rmdir(folder);
}

function phrases({ ownFolders, files }: WipePlan): readonly string[] {
  const counted = [...files].filter(([, paths]) => paths.length > 0);
  return [
    ...counted.map(
      ([folder, paths]) => `${paths.length} ${paths.length === 1 ? 'file' : 'files'} in ${basename(folder)}`,
    ),
    ...ownFolders.map((folder) => basename(folder)),
  ];
}

/** The file that marks a folder as made by this stack. */
const OUTPUT_MARKER = '.medallion-stream';

/** What a wipe deletes. All paths are absolute. */
interface WipePlan {
  /**
   * Checkpoints and staging, deleted with everything in them. Folders that do not exist are left
   * out.
   */
  readonly ownFolders: readonly string[];
  /**
   * Files to delete one by one, by their folder. The folder is deleted when it is empty afterwards.
   */
  readonly files: ReadonlyMap<string, readonly string[]>;
}

/**
 * What `_chk` may contain apart from a folder for each query, each with its checksum file and its
 * draft. Everything below it belongs to Spark or the job.
 */
const CHECKPOINT_NAMES = [
  '_pruned',
  ...[PROGRESS_FILE, `${PROGRESS_FILE}.1`],
  ...['_source.json', '_pipeline.json'].flatMap((name) => [name, `${name}.new`]),
];

/** A gold table's name. Its folder and its query's checkpoint have the same name. */
const TABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Lists what the stack made in OUTPUT_PATH, and files that a file manager left there. It deletes
 * nothing and does not follow symbolic links.
 * @param keepsAnswerKey whether the producer's answer key stays, together with the topic that it
 * describes
 * @throws ProductError FOREIGN_FILES naming what else is there
 */
async function planWipe(root: string, outputDir: string, keepsAnswerKey: boolean): Promise<WipePlan> {
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

/**
 * The entries of a folder, or none when it does not exist. A symbolic link or a file in its place
 * is foreign.
 */
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
 * Whether a folder is that of a sink or gold table. Without checkpoints, which an interrupted wipe
 * has deleted, the files of a table decide: all have the folder's name in theirs.
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

/** Folders of the former layout. Its `gold` held files of the job. */
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

/**
 * Searches a folder of the job for what cannot belong to it: links, and unknown names on the first
 * level.
 */
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
    hint: `Move it elsewhere, or name another folder with OUTPUT_DIR; then run \`${userCommand('reset')}\` again.`,
  });
}
