import { type Dirent, promises as fs } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProductError } from '../core/product-error.ts';
import { sparkStreaming } from '../services/spark-streaming.ts';
import { STAGED } from './moment.ts';

/** A task's file is moved on within milliseconds once it is complete. */
const POLL_MS = 2;

/**
 * Cuts a staged file short that one of Spark's tasks has completed, as a disk or a crash of the machine may: waits for one.
 * A file that is still being written is left alone: its writer would go on behind the cut, which no disk does.
 * @param keep the part that is left, below 1; it also decides which file is taken when there are several
 * @returns which file, from and to how many bytes
 * @throws ProductError GATE_TIMEOUT when there was none to cut within the time
 */
export async function truncateStaged(
  outputFolder: string,
  keep: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  const folder = join(outputFolder, STAGED);
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    const files = await completeFiles(folder);
    const file = files[Math.floor(keep * files.length)];
    const cut = file && (await cutShort(file, keep));
    if (cut) return `${relative(outputFolder, file)}, ${cut.from} to ${cut.to} bytes`;
    await sleep(POLL_MS);
  }
  throw new ProductError('GATE_TIMEOUT', {
    message: `No staged file was seen in ${folder} within ${timeoutMs / 1000} s, so none could be cut.`,
    hint: `Does the job commit batches? \`npm run status\` and \`npm run logs -- ${sparkStreaming.name}\` tell.`,
  });
}

async function completeFiles(folder: string): Promise<readonly string[]> {
  let entries: Dirent[];
  try {
    entries = await fs.readdir(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
  return entries
    .filter((entry) => entry.isFile() && entry.name.startsWith('part-'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.split(sep).includes('_temporary'))
    .toSorted();
}

/** @returns undefined when it has moved on, or is empty */
async function cutShort(
  path: string,
  keep: number,
): Promise<{ readonly from: number; readonly to: number } | undefined> {
  try {
    const { size } = await fs.stat(path);
    const to = Math.min(Math.floor(size * keep), size - 1);
    if (size === 0) return undefined;
    await fs.truncate(path, to);
    return { from: size, to };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

const isGone = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
