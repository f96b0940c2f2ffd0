import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { INGEST, lastCommittedOf } from '../outputs/checkpoint.ts';
import type { StruckQuery } from './fault.ts';

/** A batch is at work for a second or less: asked this often, hardly any is missed. */
const POLL_MS = 5;

/** Where the job stages files, below OUTPUT_PATH, in a folder for each attempt at a batch: _staging/<query>/<batch>-<attempt>. */
const STAGING = '_staging';

/** Where `ingest` does. */
export const STAGED = join(STAGING, INGEST);

/**
 * Waits until a micro-batch of `ingest`, or of any gold table, is at work.
 * @param outputFolder OUTPUT_PATH on the local disk
 * @returns its number, or undefined when none has begun within the time
 */
export async function batchAtWork(
  outputFolder: string,
  query: StruckQuery,
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
    await sleep(POLL_MS);
  }
}

/** The micro-batch of a query that is staged and not committed. What a killed job has left in staging stays until its batch is committed. */
async function uncommitted(outputFolder: string, query: string): Promise<number | undefined> {
  const staged = (await namesIn(join(outputFolder, STAGING, query))).flatMap((name) => {
    const batch = /^(\d+)-/.exec(name)?.[1];
    return batch === undefined ? [] : [Number(batch)];
  });
  if (staged.length === 0) return undefined;
  const committed = await lastCommittedOf(outputFolder, query);
  return staged.find((batch) => batch > committed);
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
