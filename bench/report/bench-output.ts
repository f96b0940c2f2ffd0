import { tellingOutput } from '../../orchestrator/util/output.ts';

const lost = new AbortController();

/** Where a measurement's figures and progress go. */
export const benchOutput = tellingOutput((error) => lost.abort(error));

/**
 * Aborted with the stream's error when the output can no longer be written: a measurement nobody
 * reads ends.
 */
export const outputLost: AbortSignal = lost.signal;
