import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file that says that the folder around it is this product's. */
export const MARKER = '.medallion-stream';

const TEXT = 'This folder was made by medallion-stream. `npm run reset` deletes what the stack wrote here.\n';

const CHECKOUT_LINE = 'Checkout: ';

/**
 * Makes a folder, or takes over one that holds nothing but what is known, and marks it as the product's own.
 * @param mode of a folder that is made
 * @param known whether an entry's name may be there before the folder is taken over
 * @param checkout the checkout whose it is, where the marker is to say so
 * @returns the foreign names that keep it from being taken over; none when it is the product's now
 */
export function claimFolder(
  path: string,
  mode: number,
  known: (name: string) => boolean,
  checkout?: string,
): readonly string[] {
  mkdirSync(path, { recursive: true, mode });
  if (isOwnFolder(path)) return [];
  const foreign = readdirSync(path).filter((name) => !known(name));
  if (foreign.length === 0) markFolder(path, checkout);
  return foreign;
}

/** Makes OUTPUT_DIR, readable by others as files usually are, and marks it unless it had other things in it before. */
export function claimOutputDir(outputDir: string, checkout: string): void {
  claimFolder(outputDir, 0o755, () => false, checkout);
}

/** Marks a folder as the product's own, and as that of a checkout. */
export function markFolder(path: string, checkout: string | undefined): void {
  const line = checkout === undefined ? '' : `${CHECKOUT_LINE}${checkout}\n`;
  writeFileSync(join(path, MARKER), `${TEXT}${line}`);
}

/** The checkout whose a folder is, as its marker says; undefined when it says nothing. */
export function checkoutOf(path: string): string | undefined {
  if (!isOwnFolder(path)) return undefined;
  const lines = readFileSync(join(path, MARKER), 'utf8').split('\n');
  return lines.find((line) => line.startsWith(CHECKOUT_LINE))?.slice(CHECKOUT_LINE.length);
}

/** Whether the product made the folder or took it over. */
export function isOwnFolder(path: string): boolean {
  return existsSync(join(path, MARKER));
}
