import { tellingOutput } from '../../orchestrator/util/output.ts';

const lost = new AbortController();

/** The output for a measurement's figures and progress. */
export const benchOutput = tellingOutput((error) => lost.abort(error));

/**
 * Aborted with the stream's error when the output can no longer be written. A measurement without a
 * reader ends.
 */
export const outputLost: AbortSignal = lost.signal;
