import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { endOfLastLine } from './log-tail.ts';

/** Two doubles: where a piece of the log begins, in bytes, and when it arrived, in Unix ms. */
const ENTRY_BYTES = 16;

/** Returns the file with the times of a log's file. */
const timesFile = (file: string): string => `${file}.times`;

/**
 * Records when each piece of a log arrived, in a file next to the log, so that the log itself holds
 * only what the service wrote.
 */
export class LogTimes {
  readonly #descriptor: number;
  #entries: number;
  #lastMs = 0;

  /**
   * Continues the times of a log's file.
   * @param logBytes its size; an empty one has no times
   */
  constructor(file: string, logBytes: number) {
    const path = timesFile(file);
    const size = logBytes === 0 ? 0 : (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
    // The file is not opened for appending: half an entry that a full disk left would stay for
    // ever.
    this.#descriptor = openSync(path, size === 0 ? 'w' : 'r+', 0o600);
    this.#entries = Math.floor(size / ENTRY_BYTES);
  }

  get bytes(): number {
    return this.#entries * ENTRY_BYTES;
  }

  /**
   * Records that a piece which begins at this offset arrived now. Pieces of one millisecond share
   * an entry.
   */
  note(offset: number, nowMs: number): void {
    if (nowMs === this.#lastMs) return;
    const entry = Buffer.alloc(ENTRY_BYTES);
    entry.writeDoubleLE(offset, 0);
    entry.writeDoubleLE(nowMs, 8);
    const written = writeSync(this.#descriptor, entry, 0, ENTRY_BYTES, this.#entries * ENTRY_BYTES);
    if (written < ENTRY_BYTES) throw new Error('the disk took half an entry of the times of a log');
    this.#entries += 1;
    this.#lastMs = nowMs;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** The times move together with the log's file. */
export function renameTimes(from: string, to: string): void {
  try {
    renameSync(timesFile(from), timesFile(to));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // A log that an earlier version wrote has no times. Those of the file that it replaces are not
    // its own.
    rmSync(timesFile(to), { force: true });
  }
}

/** Where the lines since a time begin: the file and the offset in it. */
export interface LogPlace {
  /** Index among the files. */
  readonly file: number;
  /** In bytes, at the beginning of a line. */
  readonly offset: number;
}

/**
 * Finds the first line that was completed at a time or later. Lines without a recorded time, which
 * an earlier version wrote, count as late as the next time of their file, or its last change.
 * @param files oldest first; those that do not exist count as empty
 * @returns undefined when there is none
 */
export function placeSince(files: readonly string[], sinceMs: number): LogPlace | undefined {
  for (const [file, path] of files.entries()) {
    const offset = offsetSince(path, sinceMs);
    if (offset !== undefined) return lineAt(files, file, offset);
  }
  return undefined;
}

function offsetSince(path: string, sinceMs: number): number | undefined {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status || status.size === 0) return undefined;
  const times = timesOf(path);
  const [first] = times;
  if (!first) return status.mtimeMs >= sinceMs ? 0 : undefined;
  if (first.offset > 0 && first.atMs >= sinceMs) return 0;
  const found = times.find(({ atMs }) => atMs >= sinceMs);
  return found && found.offset < status.size ? found.offset : undefined;
}

/**
 * A piece may begin in the middle of a line. That line then began earlier, perhaps in the previous
 * file.
 */
function lineAt(files: readonly string[], file: number, offset: number): LogPlace {
  const begin = endOfLastLine(files[file] ?? '', offset);
  const former = files[file - 1];
  if (begin > 0 || former === undefined) return { file, offset: begin };
  return { file: file - 1, offset: endOfLastLine(former) };
}

function timesOf(path: string): readonly { readonly offset: number; readonly atMs: number }[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(timesFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const times = Array.from({ length: Math.floor(bytes.length / ENTRY_BYTES) }, (_, index) => ({
    offset: bytes.readDoubleLE(index * ENTRY_BYTES),
    atMs: bytes.readDoubleLE(index * ENTRY_BYTES + 8),
  }));
  // Offsets that start from the front again show that somebody emptied the log.
  const emptied = times.findLastIndex(({ offset }, index) => offset < (times[index - 1]?.offset ?? 0));
  return emptied < 0 ? times : times.slice(emptied);
}
