import { resolve } from 'node:path';
import { ProductError } from '../core/product-error.ts';

/** Two letters or more, so that a Windows drive is not taken for a scheme. */
const SCHEME = /^([a-z][a-z0-9+.-]+):(.*)$/is;

/**
 * The folder on the local disk that an OUTPUT_PATH names: a path, or a `file:` URI as Hadoop writes it (`file:/a`, `file:///a`).
 * Hadoop's Path keeps a URI's percent signs as they are, hence so does this.
 * @returns undefined for any other scheme, or for a `file:` URI that names a host
 */
export function localPath(outputPath: string): string | undefined {
  const parts = SCHEME.exec(outputPath);
  if (!parts) return resolve(outputPath);
  const [, scheme = '', rest = ''] = parts;
  const path = /^\/\/(?=\/)/.test(rest) ? rest.slice(2) : rest;
  const local = scheme.toLowerCase() === 'file' && path.startsWith('/') && !path.startsWith('//');
  return local ? resolve(path) : undefined;
}

/**
 * The same for what can only be done on the local disk.
 * @throws ProductError OUTPUT_NOT_LOCAL
 */
export function localOutputPath(outputPath: string): string {
  const path = localPath(outputPath);
  if (path !== undefined) return path;
  throw new ProductError('OUTPUT_NOT_LOCAL', {
    message: `OUTPUT_PATH=${JSON.stringify(outputPath)} is not on the local disk; only a path or a file: URI can be read.`,
    hint: 'Read it with a tool for that storage, or set OUTPUT_PATH to a local folder and run `npm run up`.',
  });
}
