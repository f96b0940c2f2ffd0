import { shownValue } from '../../producer/shown-value.ts';
import { localPath } from '../core/local-path.ts';
import { ProductError } from '../core/product-error.ts';

/**
 * The folder that an OUTPUT_PATH names, for what can only be done on the local disk.
 * @throws ProductError OUTPUT_NOT_LOCAL
 */
export function localOutputPath(outputPath: string): string {
  const path = localPath(outputPath);
  if (path !== undefined) return path;
  throw new ProductError('OUTPUT_NOT_LOCAL', {
    message: `OUTPUT_PATH=${shownValue(outputPath)} is not on the local disk; only a path or a file: URI can be read.`,
    hint: 'Read it with a tool for that storage, or set OUTPUT_PATH to a local folder and run `npm run up`.',
  });
}
