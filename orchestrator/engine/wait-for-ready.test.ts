import { expect, test } from 'vitest';
import { pause } from '../util/wait.ts';
import { type StackStatus, waitForReady } from './status.ts';

function status(state: 'starting' | 'ready' | 'failed'): StackStatus {
  const service = {
    placement: 'process',
    restarts: 0,
    since: '2026-01-01T00:00:00Z',
    detail: state,
  } as const;
  return {
    runtime: 'local',
    ready: state === 'ready',
    services: [
      { ...service, name: 'zookeeper', state: 'ready' },
      { ...service, name: 'kafka', state },
    ],
    urls: {},
    pipeline: 'transactions',
    stream: { batch: null, lag: null, watermark: null, rows: {}, rejected: {}, unmet: {}, late: 0 },
    notes: [],
  };
}

/** A runtime that tells nothing. */
async function* nothing(signal: AbortSignal) {
  yield* [];
  await pause(60_000, signal);
}

/** Statuses that give these states in turn, the last one for ever. */
function looks(...states: readonly Parameters<typeof status>[0][]) {
  let count = 0;
  const details: string[] = [];
  const wait = (
    timeoutMs: number,
    signal = new AbortController().signal,
    changes: (signal: AbortSignal) => AsyncIterable<unknown> = nothing,
  ) =>
    waitForReady({
      look: async () => status(states[Math.min(count++, states.length - 1)] ?? 'ready'),
      changes,
      timeoutMs,
      signal,
      onDetail: (detail) => details.push(detail),
    });
  return { wait, details, count: () => count };
}

test('asks until everything is ready, and reports what is not ready yet', async () => {
  const { wait, details } = looks('starting', 'starting', 'ready');
  expect(await wait(60_000)).toMatchObject({ ready: true });
  expect(details).toEqual(['kafka: starting', 'kafka: starting']);
});

test('a change is looked at before the next look is due', async () => {
  const startedMs = performance.now();
  const { wait } = looks('starting', 'ready');
  const told = async function* (signal: AbortSignal) {
    await pause(300, signal);
    yield 'kafka is running';
    await pause(60_000, signal);
  };
  expect(await wait(60_000, undefined, told)).toMatchObject({ ready: true });
  expect(performance.now() - startedMs).toBeLessThan(900);
});

test('ends at once when a service has failed for good', async () => {
  const { wait, count } = looks('starting', 'failed', 'ready');
  expect(await wait(60_000)).toMatchObject({ ready: false });
  expect(count()).toBe(2);
});

test('returns the last status when the time is over; without time it asks once', async () => {
  const startedMs = performance.now();
  expect(await looks('starting').wait(700)).toMatchObject({ ready: false });
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(699);
  const once = looks('starting');
  await once.wait(0);
  expect(once.count()).toBe(1);
});

test('ends with the reason of an interrupt, also in the middle of a pause', async () => {
  const abort = new AbortController();
  const waiting = looks('starting').wait(60_000, abort.signal);
  setTimeout(() => abort.abort(new Error('interrupted')), 50);
  await expect(waiting).rejects.toThrow('interrupted');
});
