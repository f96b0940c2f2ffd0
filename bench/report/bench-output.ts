import { errorText } from '../../orchestrator/report/error-text.ts';
import { streamFailed } from '../../orchestrator/report/lost-output.ts';
import { isReaderGone, processOutput } from '../../orchestrator/report/output.ts';

const lost = new AbortController();

/** Where a measurement's figures and progress go. */
export const benchOutput = processOutput((error, stream) => {
  if (lost.signal.aborted) return;
  lost.abort(error);
  if (!isReaderGone(error)) benchOutput.err(errorText(streamFailed(error, stream)));
});

/** Aborted with the stream's error when the output can no longer be written: a measurement nobody reads ends. */
export const outputLost: AbortSignal = lost.signal;
