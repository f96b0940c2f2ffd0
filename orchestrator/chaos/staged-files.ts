import { closeSync, type Dirent, promises as fs, openSync, writeSync } from 'node:fs';
import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { INGEST, lastCommittedOf } from '../lake/checkpoint.ts';
import { type HeldFault, repeatedFault } from '../runtimes/faults.ts';
import { sparkStreaming } from '../services/spark-streaming.ts';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';

/** A complete file of a task is moved on within milliseconds. */
const POLL_MS = 2;

/**
 * Waits for a staged file that one of Spark's tasks has completed, and cuts it short, as a disk or
 * a crash of the machine may. A file that is still being written is left alone: its writer would
 * continue after the cut, which no disk does.
 * @param keep the part that is left, below 1; it also decides which of several files is taken
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
    hint: `Does the job commit batches? \`${userCommand('status')}\` and \`${userCommand('logs', sparkStreaming.name)}\` show it.`,
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

/** @returns undefined when the file has moved on, or is empty */
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

/**
 * Larger file systems are never filled: filling must take seconds only, and other data may be on
 * them.
 */
const MAX_BYTES = 4 * 1024 ** 3;

/** The job frees space when it deletes what it had begun to write. */
const FILL_EVERY_MS = 100;

const CHUNKS = [Buffer.alloc(1 << 20), Buffer.alloc(1 << 12), Buffer.alloc(1)];

/**
 * Whether OUTPUT_DIR is a small file system of its own, such as a tmpfs mounted there. No other
 * file system is ever filled.
 */
export async function canFill(outputDir: string): Promise<boolean> {
  const [own, parent] = await Promise.all([stat(outputDir), stat(dirname(outputDir))]);
  if (own.dev === parent.dev) return false;
  const { blocks, bsize } = await statfs(outputDir);
  return blocks * bsize <= MAX_BYTES;
}

/**
 * Fills the file system of OUTPUT_DIR to the last byte, and keeps it full until the fault is
 * reverted.
 */
export function fillOutputs(outputDir: string): Promise<HeldFault> {
  return repeatedFault(
    `file system of ${outputDir}`,
    FILL_EVERY_MS,
    async () => fill(fillerOf(outputDir)),
    () => removeFiller(outputDir),
  );
}

/** Also removes the filler of a run that was killed. */
export async function removeFiller(outputDir: string): Promise<void> {
  await rm(fillerOf(outputDir), { force: true });
}

const fillerOf = (outputDir: string): string => join(outputDir, '.chaos-filler');

function fill(path: string): void {
  const file = openSync(path, 'a', 0o600);
  try {
    for (const chunk of CHUNKS) while (hasWritten(file, chunk));
  } finally {
    closeSync(file);
  }
}

function hasWritten(file: number, chunk: Buffer): boolean {
  try {
    return writeSync(file, chunk) === chunk.length;
  } catch (error) {
    if (['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** A batch runs for a second or less. At this interval hardly any is missed. */
const BATCH_POLL_MS = 5;

/**
 * Where the job stages files, relative to OUTPUT_PATH, in a folder for each attempt at a batch:
 * _staging/<query>/<batch>-<attempt>.
 */
const STAGING = '_staging';

/** The staging folder of `ingest`. */
const STAGED = join(STAGING, INGEST);

/**
 * Waits until a micro-batch of `ingest`, or of any gold table, runs.
 * @param outputFolder OUTPUT_PATH on the local disk
 * @returns its number, or undefined when none has begun within the time
 */
export async function batchAtWork(
  outputFolder: string,
  query: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    for (const name of await namesIn(join(outputFolder, STAGING))) {
      if ((name === INGEST) !== (query === INGEST)) continue;
      const batch = await uncommitted(outputFolder, name);
      if (batch !== undefined) return batch;
    }
    if (performance.now() > deadline) return undefined;
    await sleep(BATCH_POLL_MS);
  }
}

/**
 * Returns the micro-batch of a query that is staged and not committed. What a killed job has left
 * in staging stays until its batch is committed.
 */
async function uncommitted(outputFolder: string, query: string): Promise<number | undefined> {
  const staged = (await namesIn(join(outputFolder, STAGING, query))).flatMap((name) => {
    const batch = /^(\d+)-/.exec(name)?.[1];
    return batch === undefined ? [] : [Number(batch)];
  });
  if (staged.length === 0) return undefined;
  const committed = await lastCommittedOf(outputFolder, query);
  return staged.find((batch) => batch > committed);
}

/** Returns the names in a folder; none while it does not exist. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
