import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldFault } from './faults.ts';

/** A held fault whose lifting is done once, whoever asks for it how often. */
export function heldFault(on: string, lift: () => Promise<void>): HeldFault {
  let lifted: Promise<void> | undefined;
  return {
    on,
    lift: () => {
      lifted ??= lift();
      return lifted;
    },
  };
}

/**
 * A fault that has to be done again and again while it is held, to reach processes that start meanwhile.
 * @param apply does it to whatever is there; called at once, then after every pause until the fault is lifted
 */
export async function repeatedFault(
  on: string,
  everyMs: number,
  apply: () => Promise<void>,
  lift: () => Promise<void>,
): Promise<HeldFault> {
  await apply();
  const ended = new AbortController();
  let failure: unknown;
  const repeat = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await sleep(everyMs, undefined, { signal: ended.signal }).catch(() => undefined);
      if (!ended.signal.aborted) await apply();
    }
  };
  const repeating = repeat().catch((error: unknown) => {
    failure = error;
  });
  return heldFault(on, async () => {
    ended.abort();
    await repeating;
    await lift();
    if (failure !== undefined) throw failure;
  });
}
