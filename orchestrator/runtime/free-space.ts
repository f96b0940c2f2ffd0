import { statfsSync } from 'node:fs';
import { nearestExisting } from './folder-access.ts';

/** With less than this on its disk no service is started: Kafka's and ZooKeeper's first files alone take that much. */
export const LEAST_FREE_BYTES = 32_000_000;

/** Free space on the disk of a folder, which need not exist yet. Part of it may be root's alone. */
export function freeBytes(folder: string): number {
  const { bavail, bfree, bsize } = statfsSync(nearestExisting(folder));
  return (process.getuid?.() === 0 ? bfree : bavail) * bsize;
}

/** "0 MB are free on the disk of FOLDER", when that is too little to start anything. */
export function shortageOf(folder: string): string | undefined {
  const free = freeBytes(folder);
  return free < LEAST_FREE_BYTES ? `${megabytes(free)} are free on the disk of ${folder}` : undefined;
}

/** Decimal megabytes, as package tools show them. */
export const megabytes = (bytes: number): string => `${Math.floor(bytes / 1e6)} MB`;
