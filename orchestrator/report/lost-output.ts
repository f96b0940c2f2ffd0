import { ERROR_CATALOGUE } from '../core/error-catalogue.ts';
import { ProductError } from '../core/product-error.ts';
import { errorText } from './error-text.ts';
import { isReaderGone, type Output, processOutput } from './output.ts';

/** As a shell reports SIGPIPE. */
const READER_GONE = 141;

/**
 * The process's own streams. The first error of one is told on the other unless it is only that nobody reads any more; `onLost` is called with it.
 */
export function tellingOutput(onLost: (error: NodeJS.ErrnoException) => void): Output {
  let isLost = false;
  const output = processOutput((error, stream) => {
    if (isLost) return;
    isLost = true;
    if (!isReaderGone(error)) output.err(errorText(streamFailed(error, stream)));
    onLost(error);
  });
  return output;
}

/** What a command ends with whose standard output or standard error takes nothing more. */
export function exitCodeOfLost(error: unknown): number {
  return isReaderGone(error) ? READER_GONE : ERROR_CATALOGUE.STREAM_FAILED.exitCode;
}

/** The error for a stream that takes nothing more although somebody reads it: a full disk, a broken device. */
function streamFailed(error: NodeJS.ErrnoException, stream: string): ProductError {
  return new ProductError('STREAM_FAILED', {
    message: `What the command prints could not be written to ${stream}: ${error.message}.`,
    hint: 'Free some space, or send the output elsewhere; then run the command again.',
    cause: error,
  });
}
