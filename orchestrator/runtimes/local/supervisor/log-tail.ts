import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** Files are read from their end in blocks of this size. */
const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** Which lines of a log are wanted. */
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
