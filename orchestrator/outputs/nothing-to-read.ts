import { ProductError } from '../core/product-error.ts';

/** No micro-batch has left anything yet. */
export function noData(outputPath: string): ProductError {
  return new ProductError('NO_DATA', {
    message: `No micro-batch has left rows in ${outputPath} yet.`,
    hint: 'See with `npm run status` whether the stack is up; the first rows follow its first trigger, gold after about six minutes of event time.',
  });
}

/** Files were pruned or replaced faster than they could be read. */
export function outputChanged(cause: unknown): ProductError {
  return new ProductError('OUTPUT_CHANGED', {
    message:
      'Files were pruned or replaced while they were read, and so again each time the reading started over.',
    hint: 'Run it again; MAX_FILES_PER_SINK=0 keeps all files.',
    cause,
  });
}
