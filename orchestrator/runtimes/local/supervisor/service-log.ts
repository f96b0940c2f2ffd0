import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { LossyWriter, writeFully } from '../../../util/output.ts';
import { LogTimes, renameTimes } from './log-times.ts';

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
