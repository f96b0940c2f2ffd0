import { pause } from '../pause.ts';
import { ProducerError } from '../producer-error.ts';
import { AnswerKey } from './answer-key.ts';

const POLL_MS = 250;
/** In containers the folder is handed over to the producer's user by a service that starts beside it. */
const TIMEOUT_MS = 60_000;

/**
 * Opens the answer key, waiting up to a minute for its folder to be there and writable.
 *
 * @param waiting called after each try that failed, with one line about why
 * @returns undefined when the signal was aborted first
 * @throws {ProducerError} when it cannot be opened for a minute
 */
export async function openAnswerKey(
  path: string,
  signal: AbortSignal,
  waiting: (detail: string) => void,
): Promise<AnswerKey | undefined> {
  const startMs = performance.now();
  while (!signal.aborted) {
    try {
      return new AnswerKey(path);
    } catch (error) {
      const detail = `the answer key ${path} cannot be opened: ${(error as Error).message}`;
      if (performance.now() - startMs >= TIMEOUT_MS) {
        throw new ProducerError(
          detail,
          'make its folder writable for this user (in containers: OUTPUT_UID and OUTPUT_GID), or name another file with ANSWER_KEY',
          { cause: error },
        );
      }
      waiting(detail);
    }
    await pause(POLL_MS, signal);
  }
  return undefined;
}
