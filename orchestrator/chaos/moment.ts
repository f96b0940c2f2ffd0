import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCheckpoint } from '../outputs/checkpoint.ts';

/** A batch is at work for a second or less: asked this often, hardly any is missed. */
const POLL_MS = 5;

/** Where the job stages files, below OUTPUT_PATH, in a folder for each attempt at a batch: _staging/ingest/<batch>-<attempt>. */
export const STAGED = join('_staging', 'ingest');

/**
 * Waits until a micro-batch is at work.
 * @param outputFolder OUTPUT_PATH on the local disk
 * @returns its number, or undefined when none has begun within the time
 */
export async function batchAtWork(
  outputFolder: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    // What a killed job left in staging stays until its batch is committed.
    for (const name of await namesIn(join(outputFolder, STAGED))) {
      const batch = /^(\d+)-/.exec(name)?.[1];
      if (batch !== undefined && (await isUncommitted(outputFolder, Number(batch)))) return Number(batch);
    }
    if (performance.now() > deadline) return undefined;
    await sleep(POLL_MS);
  }
}

async function isUncommitted(outputFolder: string, batch: number): Promise<boolean> {
  const { committed } = await readCheckpoint(outputFolder);
  return committed === undefined || committed.batch < batch;
}

/** Names in a folder; none while it does not exist. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
