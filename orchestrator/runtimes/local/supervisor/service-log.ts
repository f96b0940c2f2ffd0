import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { LossyWriter, writeFully } from '../../../util/output.ts';

/**
 * Size at which a log is rotated, and how many files are kept: `<service>.log`, `.log.1` (newer)
 * and `.log.2`.
 */
export const LOG_ROTATION = { maxBytes: 10 * 1024 * 1024, files: 3 };

/** Lines of the present process that are kept in memory. */
export const RECENT_LINES = 50;

/** A single line in memory is cut to this length; the file has all of it. */
const MAX_LINE_CHARS = 8192;

/**
 * The log of one service: everything that its processes write, as they write it, in files of
 * bounded size. While the disk is full the files miss new output, but the last lines are still in
 * memory. Next to each file is a file with the times of its pieces.
 */
export class ServiceLog {
  readonly #path: string;
  readonly #rotation: typeof LOG_ROTATION;
  readonly #writer = new LossyWriter((chunk) => this.#append(chunk));
  #descriptor: number | undefined;
  #times: LogTimes | undefined;
  #size = 0;
  #processStart = 0;
  #rotations = 0;
  #decoder = new StringDecoder('utf8');
  #lines: string[] = [];
  #partial = '';

  constructor(path: string, rotation: typeof LOG_ROTATION = LOG_ROTATION) {
    this.#path = path;
    this.#rotation = rotation;
  }

  /** Where the present process's output begins in the present file, in bytes. */
  get processStart(): number {
    return this.#processStart;
  }

  /** Why its files miss what is written now; undefined when they miss nothing. */
  get lossReason(): string | undefined {
    return this.#writer.reason;
  }

  /** Marks the position where another process begins to write. */
  beginProcess(): void {
    // Opens the file; its size is where the process begins.
    this.#writer.write(Buffer.alloc(0));
    this.#processStart = this.#size;
    this.#decoder = new StringDecoder('utf8');
    this.#lines = [];
    this.#partial = '';
  }

  /**
   * @returns whether the log was rotated on the way, and whether the reason of a loss has changed
   */
  write(chunk: Buffer): { readonly rotated: boolean; readonly lossChanged: boolean } {
    const rotations = this.#rotations;
    const lossChanged = this.#writer.write(chunk);
    this.#remember(this.#decoder.write(chunk));
    return { rotated: this.#rotations !== rotations, lossChanged };
  }

  /**
   * Returns up to the last 50 lines of the present process, oldest first; the last one may still
   * grow.
   */
  recentLines(): readonly string[] {
    const lines = this.#partial === '' ? this.#lines : [...this.#lines, this.#partial];
    return lines.slice(-RECENT_LINES);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    this.#times?.close();
    this.#times = undefined;
  }

  #append(chunk: Buffer): void {
    const { maxBytes } = this.#rotation;
    const isFull = this.#size + chunk.length > maxBytes || (this.#times?.bytes ?? 0) > 4 * maxBytes;
    if (this.#size > 0 && isFull) this.#rotate();
    const descriptor = this.#open();
    if (chunk.length === 0) return;
    // The size is read and not counted, because somebody may have emptied the file.
    const { size } = fstatSync(descriptor);
    this.#times ??= new LogTimes(this.#path, size);
    this.#times.note(size, Date.now());
    writeFully(descriptor, chunk);
    this.#size += chunk.length;
  }

  #remember(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS);
    const added = lines.slice(-RECENT_LINES).map((line) => line.replace(/\r$/, '').slice(0, MAX_LINE_CHARS));
    this.#lines = [...this.#lines, ...added].slice(-RECENT_LINES);
  }

  #open(): number {
    if (this.#descriptor === undefined) {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      this.#descriptor = openSync(this.#path, 'a', 0o600);
      this.#size = fstatSync(this.#descriptor).size;
    }
    return this.#descriptor;
  }

  #rotate(): void {
    this.close();
    for (let number = this.#rotation.files - 2; number >= 0; number--) {
      const from = number === 0 ? this.#path : `${this.#path}.${number}`;
      if (!existsSync(from)) continue;
      renameSync(from, `${this.#path}.${number + 1}`);
      renameTimes(from, `${this.#path}.${number + 1}`);
    }
    this.#rotations += 1;
    this.#size = 0;
    this.#processStart = 0;
    this.#open();
  }
}

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
function renameTimes(from: string, to: string): void {
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

const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export interface TailOptions {
  /** How many lines, all when undefined. */
  readonly count?: number | undefined;
  /**
   * Where the wanted part begins in the first file, in bytes; ignored when the file is shorter (it
   * was rotated).
   */
  readonly from?: number;
  /** Where the wanted part ends in the last file; its end when undefined. */
  readonly until?: number;
}

/**
 * Returns the last lines of a log that is spread over files.
 * @param files oldest first; those that do not exist count as empty
 */
export function lastLines(
  files: readonly string[],
  { count, from = 0, until = Number.POSITIVE_INFINITY }: TailOptions,
): readonly string[] {
  if (count === 0) return [];
  const blocks: Buffer[] = [];
  let breaks = 0;
  const enough = () => count !== undefined && breaks > count;
  for (const [index, file] of files.toReversed().entries()) {
    if (enough()) break;
    const range = {
      from: index === files.length - 1 ? from : 0,
      until: index === 0 ? until : Number.POSITIVE_INFINITY,
    };
    forEachBlockBackwards(file, range, (block) => {
      blocks.unshift(block);
      for (const byte of block) if (byte === NEWLINE) breaks += 1;
      return !enough();
    });
  }
  const text = Buffer.concat(blocks).toString('utf8');
  if (text === '') return [];
  const lines = text.replace(/\n$/, '').split('\n');
  return (count === undefined ? lines : lines.slice(-count)).map((line) => line.replace(/\r$/, ''));
}

/**
 * Returns where the last whole line of a file ends, in bytes; 0 when it has none.
 * @param until the assumed end of the file
 */
export function endOfLastLine(file: string, until = Number.POSITIVE_INFINITY): number {
  let end = 0;
  let offset = Math.min(statSync(file, { throwIfNoEntry: false })?.size ?? 0, until);
  forEachBlockBackwards(file, { from: 0, until: offset }, (block) => {
    offset -= block.length;
    const position = block.lastIndexOf(NEWLINE);
    if (position >= 0) end = offset + position + 1;
    return position < 0;
  });
  return end;
}

function forEachBlockBackwards(
  file: string,
  range: { readonly from: number; readonly until: number },
  take: (block: Buffer) => boolean,
): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    const size = Math.min(fstatSync(descriptor).size, range.until);
    const start = range.from <= size ? range.from : 0;
    for (let end = size; end > start; ) {
      const begin = Math.max(start, end - BLOCK_BYTES);
      const block = Buffer.alloc(end - begin);
      const read = readSync(descriptor, block, 0, block.length, begin);
      end = begin;
      if (!take(block.subarray(0, read))) return;
    }
  } finally {
    closeSync(descriptor);
  }
}
