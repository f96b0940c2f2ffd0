import { open } from 'node:fs/promises';

/** Longer than the names of any contract's fields. */
const LONGEST = 65_536;

/**
 * The columns of a file of raw_csv by its first line.
 * @param known the columns that the pipeline has
 * @returns undefined when it is no line of names among these: the file is damaged, or of something else
 * @throws the file system's error when the file is not there or may not be read
 */
export async function csvHeader(
  path: string,
  known: readonly string[],
): Promise<readonly string[] | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST), 0, LONGEST, 0);
    const end = buffer.subarray(0, bytesRead).indexOf('\n');
    const names = end < 0 ? [] : buffer.toString('utf8', 0, end).replace(/\r$/, '').split(',');
    const areColumns = names.length > 0 && names.every((name) => known.includes(name));
    return areColumns && new Set(names).size === names.length ? names : undefined;
  } finally {
    await file.close();
  }
}
