import { createWriteStream } from 'node:fs';
import { stat, truncate } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ProducerError } from '../producer-error.ts';

/** Writes records to a stream and calls back for each that the stream has taken, with its length in bytes. */
type Write = (file: Writable, onTaken: (bytes: number) => void) => Promise<unknown>;

/**
 * Writes records to a file, which is made or replaced. One that cannot take all of them is left with the first ones, each whole.
 *
 * @returns how many were written
 * @throws {ProducerError} when the disk is full or broken: what the file holds, and what can be done
 * @throws the system's error when the file cannot be opened
 */
export async function writeFile(path: string, write: Write): Promise<number> {
  const file = createWriteStream(path);
  let [records, bytes] = [0, 0];
  try {
    await write(file, (length) => {
      records += 1;
      bytes += length;
    });
    file.end();
    await finished(file);
    return records;
  } catch (error) {
    if (!isRefusedWrite(error)) throw error;
    // A device or a pipe has no end to cut off.
    if ((await stat(path)).isFile()) await truncate(path, bytes);
    throw new ProducerError(
      `${path} is not complete: ${error.message}. It holds the first ${records} records (${bytes} bytes), each whole`,
      'free some space, or name a file on another disk with --out, then run the command again',
      { cause: error },
    );
  }
}

function isRefusedWrite(error: unknown): error is NodeJS.ErrnoException {
  const { syscall } = error as NodeJS.ErrnoException;
  return error instanceof Error && (syscall === 'write' || syscall === 'writev');
}
