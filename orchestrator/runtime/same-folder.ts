import { statSync } from 'node:fs';

/** Whether two paths lead to one folder, through links or not; false when either leads to nothing. */
export function isSameFolder(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}
