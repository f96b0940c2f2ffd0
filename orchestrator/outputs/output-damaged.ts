import { ProductError } from '../core/product-error.ts';

/**
 * The error for a file beside the outputs that is not as Spark or the job writes it.
 * @param message one sentence that names the file
 */
export function outputDamaged(message: string, cause?: unknown): ProductError {
  return new ProductError('OUTPUT_DAMAGED', {
    message,
    hint: 'Bring the file back, or start afresh with `npm run reset -- --keep-topic`, which processes the topic again.',
    cause,
  });
}
