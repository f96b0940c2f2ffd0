import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Arguments that let this Node run TypeScript, wherever it is started: the loader is named by its own address. */
export const TYPESCRIPT_LOADER: readonly string[] = [
  '--import',
  pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
];
