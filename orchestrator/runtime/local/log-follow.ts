import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { endOfLastLine } from './log-tail.ts';

const CHUNK_BYTES = 256 * 1024;

/** Reads what is added to a log, across its rotation, from a position on. Nothing is lost while all files are kept. */
export class LogFollower {
  /** Where in the newest file it began, in bytes. */
  readonly start: number;
  readonly #files: readonly string[];
  readonly #decoder = new StringDecoder('utf8');
  #descriptor: number | undefined;
  #inode = 0;
  #position = 0;
  #partial = '';

  /**
   * Begins behind the last whole line.
   * @param files newest first, as the rotation names them: `x.log`, `x.log.1`, …; none need exist yet
   */
  constructor(files: readonly string[]) {
    this.#files = files;
    this.#openFile(files[0] ?? '');
    this.#position = endOfLastLine(files[0] ?? '');
    this.start = this.#position;
  }

  /** Whole lines that were added since the last call. */
  read(): readonly string[] {
    let text = this.#rest();
    // Files that came after the one that is open, oldest first: more than one when it was rotated twice.
    for (const file of this.#newerFiles()) {
      this.close();
      this.#openFile(file);
      text += this.#rest();
    }
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    return lines.map((line) => line.replace(/\r$/, ''));
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #newerFiles(): readonly string[] {
    const present = this.#files.map((file) => ({ file, inode: inodeOf(file) }));
    const found = present.findIndex(({ inode }) => inode === this.#inode);
    const newer = this.#inode === 0 || found < 0 ? present : present.slice(0, found);
    return newer
      .filter(({ inode }) => inode !== undefined)
      .map(({ file }) => file)
      .toReversed();
  }

  #openFile(file: string): void {
    try {
      this.#descriptor = openSync(file, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    this.#inode = fstatSync(this.#descriptor).ino;
    this.#position = 0;
  }

  #rest(): string {
    if (this.#descriptor === undefined) return '';
    let text = '';
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const read = readSync(this.#descriptor, chunk, 0, chunk.length, this.#position);
      if (read === 0) return text;
      this.#position += read;
      text += this.#decoder.write(chunk.subarray(0, read));
    }
  }
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}
