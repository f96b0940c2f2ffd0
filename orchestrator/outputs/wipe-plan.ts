import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ANSWER_KEY_FILE } from '../core/answer-key-file.ts';
import { isFileManagerFile } from '../core/file-manager-files.ts';
import { ProductError } from '../core/product-error.ts';
import { absentAsUndefined } from './optional-file.ts';
import { batchOfFileName, SINK_NAMES, type SinkName } from './sinks.ts';

/** The file that marks a folder as made by this stack. */
export const OUTPUT_MARKER = '.medallion-stream';

/** What a wipe deletes. All paths are absolute. */
export interface WipePlan {
  /** Checkpoints and staging, deleted with all they hold; absent folders are not in here. */
  readonly ownFolders: readonly string[];
  /** Files to delete one by one, by the folder that goes when it is empty afterwards. */
  readonly files: ReadonlyMap<string, readonly string[]>;
}

/** What may lie in `_chk`, each with its checksum file and its draft; below it everything is Spark's or the job's. */
const CHECKPOINT_NAMES = ['medallion', 'gold', '_pruned', '_source.json', '_source.json.new'];

/**
 * Lists what the stack made in OUTPUT_PATH, and what a file manager left among it. Nothing is deleted, and symbolic links are not followed.
 * @param keepsAnswerKey whether the producer's answer key stays, as the topic does that it tells of
 * @throws ProductError FOREIGN_FILES naming what else is there
 */
export async function planWipe(root: string, outputDir: string, keepsAnswerKey: boolean): Promise<WipePlan> {
  const foreign: string[] = [];
  const ownFolders: string[] = [];
  const files = new Map<string, string[]>([[root, []]]);
  for (const entry of await entriesOf(root, foreign)) {
    const path = join(root, entry.name);
    if (entry.isDirectory() && isSink(entry.name)) {
      files.set(path, await sinkFilesOf(path, entry.name, foreign));
    } else if (entry.isDirectory() && (entry.name === '_chk' || entry.name === '_staging')) {
      await findForeignBelow(path, entry.name === '_chk' ? CHECKPOINT_NAMES : undefined, foreign);
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

async function sinkFilesOf(folder: string, sink: SinkName, foreign: string[]): Promise<string[]> {
  const own: string[] = [];
  for (const entry of await entriesOf(folder, foreign)) {
    const path = join(folder, entry.name);
    const isData = batchOfFileName(sink, withoutChecksum(entry.name)) !== undefined;
    const isOwn = entry.isFile() && (isData || isFileManagerFile(entry.name));
    (isOwn ? own : foreign).push(path);
  }
  return own;
}

/** Looks through a folder of the job's own for what cannot be its: links, and names on the first level that it does not use. */
async function findForeignBelow(
  folder: string,
  names: readonly string[] | undefined,
  foreign: string[],
): Promise<void> {
  for (const entry of await entriesOf(folder, foreign)) {
    const path = join(folder, entry.name);
    const known =
      names === undefined || names.includes(withoutChecksum(entry.name)) || isFileManagerFile(entry.name);
    if (!known || !(entry.isFile() || entry.isDirectory())) foreign.push(path);
    else if (entry.isDirectory()) await findForeignBelow(path, undefined, foreign);
  }
}

/** The file that a Hadoop checksum file `.<name>.crc` belongs to; other names stay as they are. */
function withoutChecksum(name: string): string {
  return /^\.(.+)\.crc$/.exec(name)?.[1] ?? name;
}

function isSink(name: string): name is SinkName {
  return SINK_NAMES.some((sink) => sink === name);
}

function refusal(foreign: readonly string[]): ProductError {
  const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : '';
  return new ProductError('FOREIGN_FILES', {
    message: `This stack did not make ${foreign.slice(0, 3).join(', ')}${more}; nothing was deleted.`,
    hint: 'Move it elsewhere, or name another folder with OUTPUT_DIR; then run `npm run reset` again.',
  });
}
