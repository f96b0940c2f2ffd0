import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file that says that the folder around it is this product's. */
export const MARKER = '.medallion-stream';

const TEXT = 'This folder was made by medallion-stream. `npm run reset` deletes what the stack wrote here.\n';

/**
 * Makes a folder, or takes over one that holds nothing but what is known, and marks it as the product's own.
 * @param mode of a folder that is made
 * @param known whether an entry's name may be there before the folder is taken over
 * @returns the foreign names that keep it from being taken over; none when it is the product's now
 */
export function claimFolder(path: string, mode: number, known: (name: string) => boolean): readonly string[] {
  mkdirSync(path, { recursive: true, mode });
  if (isOwnFolder(path)) return [];
  const foreign = readdirSync(path).filter((name) => !known(name));
  if (foreign.length === 0) writeFileSync(join(path, MARKER), TEXT);
  return foreign;
}

/** Whether the product made the folder or took it over. */
export function isOwnFolder(path: string): boolean {
  return existsSync(join(path, MARKER));
}
