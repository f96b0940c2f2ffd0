import { ERROR_CATALOGUE } from '../core/error-catalogue.ts';
import { ProductError } from '../core/product-error.ts';
import { isReaderGone } from './output.ts';

/** As a shell reports SIGPIPE. */
const READER_GONE = 141;

/** What a command ends with whose standard output or standard error takes nothing more. */
export function exitCodeOfLost(error: unknown): number {
  return isReaderGone(error) ? READER_GONE : ERROR_CATALOGUE.STREAM_FAILED.exitCode;
}

/** The error for a stream that takes nothing more although somebody reads it: a full disk, a broken device. */
export function streamFailed(error: NodeJS.ErrnoException, stream: string): ProductError {
  return new ProductError('STREAM_FAILED', {
    message: `What the command prints could not be written to ${stream}: ${error.message}.`,
    hint: 'Free some space, or send the output elsewhere; then run the command again.',
    cause: error,
  });
}
