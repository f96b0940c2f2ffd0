import { closeSync, openSync, writeSync } from 'node:fs';
import { rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HeldFault } from '../runtime/faults.ts';
import { repeatedFault } from '../runtime/held-fault.ts';

/** A file system that is filled within seconds, and that nobody would keep other things on. */
const MAX_BYTES = 4 * 1024 ** 3;

/** The job frees room when it deletes what it had begun. */
const FILL_EVERY_MS = 100;

const CHUNKS = [Buffer.alloc(1 << 20), Buffer.alloc(1 << 12), Buffer.alloc(1)];

/** Whether OUTPUT_DIR is a small file system of its own, such as a tmpfs mounted there: only such a one is ever filled. */
export async function canFill(outputDir: string): Promise<boolean> {
  const [own, parent] = await Promise.all([stat(outputDir), stat(dirname(outputDir))]);
  if (own.dev === parent.dev) return false;
  const { blocks, bsize } = await statfs(outputDir);
  return blocks * bsize <= MAX_BYTES;
}

/** Fills the file system of OUTPUT_DIR to the last byte, and keeps it full until it is lifted. */
export function fillOutputs(outputDir: string): Promise<HeldFault> {
  return repeatedFault(
    `file system of ${outputDir}`,
    FILL_EVERY_MS,
    async () => fill(fillerOf(outputDir)),
    () => removeFiller(outputDir),
  );
}

/** Also for what a run that was killed has left. */
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
