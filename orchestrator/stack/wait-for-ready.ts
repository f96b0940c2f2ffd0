import { setTimeout as sleep } from 'node:timers/promises';
import type { StackStatus } from './service-status.ts';

/** What `up` may take for a first start that downloads everything, with room to spare. */
export const DEFAULT_WAIT_SECONDS = 300;

const LOOK_EVERY_MS = 500;

/**
 * Looks until the stack is ready, a service has failed for good, or the time is over.
 * @param options.timeoutMs at most this long; one look is always taken
 * @param options.onDetail receives, after each look, what is not ready yet
 * @returns the last look, ready or not
 * @throws the signal's reason once it is aborted
 */
export async function waitForReady({
  look,
  timeoutMs,
  signal,
  onDetail,
}: {
  readonly look: () => Promise<StackStatus>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onDetail: (detail: string) => void;
}): Promise<StackStatus> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const found = await look();
    signal.throwIfAborted();
    const leftMs = endMs - performance.now();
    if (found.ready || found.services.some(({ state }) => state === 'failed') || leftMs <= 0) return found;
    const waiting = found.services.filter(({ state }) => state !== 'ready' && state !== 'completed');
    onDetail(waiting.map(({ name, detail }) => `${name}: ${detail}`).join('; '));
    await sleep(Math.min(LOOK_EVERY_MS, leftMs), undefined, { signal }).catch(() => undefined);
  }
}
