import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects all garbage, so that what a WeakRef still has is held by somebody. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  // What was looked at in this turn of the event loop stays until its end.
  await new Promise((resolve) => setImmediate(resolve));
  (runInNewContext('gc') as () => void)();
}
