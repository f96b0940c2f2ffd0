import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects all garbage. Afterwards a WeakRef only has objects that something still references. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  // A WeakRef that was read in this turn of the event loop keeps its object until the turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  (runInNewContext('gc') as () => void)();
}
