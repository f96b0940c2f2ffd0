import { statSync } from 'node:fs';

/** Whether two paths lead to one folder, through links or not; false when either leads to nothing. */
export function isSameFolder(one: string, other: string): boolean {
  // As big integers: file systems use all 64 bits of an inode's number.
  const [a, b] = [one, other].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}
