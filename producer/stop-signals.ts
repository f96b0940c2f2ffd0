import { EXIT } from './exit-code.ts';
import { createStop } from './pause.ts';

/** Aborted at the first SIGINT or SIGTERM; the second ends the process at once. */
export function stopAtSignals(): AbortSignal {
  const stop = createStop();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return stop.signal;
}
