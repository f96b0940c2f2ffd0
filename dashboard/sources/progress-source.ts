import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type GoldProgress,
  type IngestProgress,
  PROGRESS_FILE,
  parseProgress,
} from '../../orchestrator/lake/progress/progress.ts';
import { localOutputPath } from '../../orchestrator/lake/sinks.ts';
import { absentAsUndefined } from '../../orchestrator/util/files.ts';

/** Progress that is new since the read before. */
export interface NewProgress {
  /** Whether the job has a file at all. */
  readonly isThere: boolean;
  /** Whether they begin again: what was read before is of outputs that no longer exist. */
  readonly isFresh: boolean;
  /** Oldest first. */
  readonly batches: readonly (IngestProgress | GoldProgress)[];
}

/** Bytes of one read; a longer file takes several. */
const CHUNK_BYTES = 256 * 1024;

/** A longer text without a line feed is no line of the job. */
const MOST_LINE_BYTES = 1024 * 1024;

const NONE = Buffer.alloc(0);

/**
 * Follows the file to which the job appends a line for each committed micro-batch. Only what is new
 * is read. At a size the file becomes its own predecessor; with the outputs it is deleted.
 */
export class ProgressSource {
  readonly #outputPath: string;
  /** The file that is followed; 0 for none. */
  #inode = 0n;
  #offset = 0;
  /** The beginning of a line whose end is not written yet. */
  #rest: Buffer = NONE;
  #lines: string[] = [];
  /** Whether the last read has found other files than those that were followed until then. */
  #isOther = false;

  /** @param outputPath OUTPUT_PATH, on the local disk */
  constructor(outputPath: string) {
    this.#outputPath = outputPath;
  }

  get #path(): string {
    return join(localOutputPath(this.#outputPath), '_chk', PROGRESS_FILE);
  }

  /** @throws the file system's error; ProductError OUTPUT_NOT_LOCAL */
  async read(): Promise<NewProgress> {
    const before = this.#inode;
    const isThere = await this.#follow();
    const batches = this.#lines.flatMap((line) => parseProgress(line) ?? []);
    this.#lines = [];
    return { isThere, isFresh: before !== 0n && this.#isOther, batches };
  }

  /** Reads what is new. @returns whether there is a file */
  async #follow(): Promise<boolean> {
    this.#isOther = false;
    const file = await absentAsUndefined(open(this.#path, 'r'));
    try {
      const stats = await file?.stat({ bigint: true });
      const isSame = stats !== undefined && stats.ino === this.#inode && Number(stats.size) >= this.#offset;
      // A rotation may just have given the file its other name.
      if (!isSame && !(await this.#continuePredecessor())) {
        this.#isOther = true;
        this.#begin(0n);
        await this.#readPredecessor();
      }
      if (!file || !stats) return !this.#isOther;
      if (!isSame) this.#begin(stats.ino);
      await this.#append(file, Number(stats.size));
      return true;
    } finally {
      await file?.close();
    }
  }

  #begin(inode: bigint): void {
    this.#inode = inode;
    this.#offset = 0;
    this.#rest = NONE;
  }

  /** Reads the rest of the followed file where it is the predecessor now. @returns whether it is */
  async #continuePredecessor(): Promise<boolean> {
    if (this.#inode === 0n) return false;
    return this.#withPredecessor(async (file, inode, size) => {
      if (inode !== this.#inode || size < this.#offset) return false;
      await this.#append(file, size);
      return true;
    });
  }

  async #readPredecessor(): Promise<void> {
    await this.#withPredecessor(async (file, _inode, size) => {
      await this.#append(file, size);
      return true;
    });
  }

  async #withPredecessor(
    use: (file: FileHandle, inode: bigint, size: number) => Promise<boolean>,
  ): Promise<boolean> {
    const file = await absentAsUndefined(open(`${this.#path}.1`, 'r'));
    if (!file) return false;
    try {
      const { ino, size } = await file.stat({ bigint: true });
      return await use(file, ino, Number(size));
    } finally {
      await file.close();
    }
  }

  /** Reads whole lines from the present offset up to a size. */
  async #append(file: FileHandle, size: number): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(0, size - this.#offset)));
    while (this.#offset < size) {
      const { bytesRead } = await file.read(
        buffer,
        0,
        Math.min(buffer.length, size - this.#offset),
        this.#offset,
      );
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      const text = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]);
      const end = text.lastIndexOf(0x0a) + 1;
      this.#lines.push(...text.toString('utf8', 0, end).split('\n'));
      this.#rest = text.length - end > MOST_LINE_BYTES ? NONE : text.subarray(end);
    }
  }
}
