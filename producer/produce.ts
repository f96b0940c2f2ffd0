import type { Limits } from './config.ts';
import type { Pacer } from './pace.ts';
import { aborted, createStop, pause } from './pause.ts';
import type { Publisher } from './publish.ts';
import type { RecordSource } from './record.ts';

const FLUSH_EVERY_MS = 10_000;
/** How long what is buffered may take to be delivered after the end was asked for. */
const FINAL_FLUSH_MS = 10_000;
const CLOSE_MS = 1_000;

/** What the flow is made of. */
interface Flow {
  readonly source: RecordSource;
  readonly pacer: Pacer;
  readonly publisher: Publisher;
  readonly limits: Limits;
  /** Called when records have waited for an acknowledgement since the last periodic flush. */
  readonly stalled: (detail: string) => void;
}

const turnOfTheEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Makes records as they are due and hands them over, waiting whenever the buffer is full; until there are enough or the
 * signal is aborted.
 */
async function generate({ source, pacer, publisher, limits }: Flow, stop: AbortSignal): Promise<void> {
  let left = limits.maxRecords ?? Number.POSITIVE_INFINITY;
  while (!stop.aborted) {
    for (let due = pacer.due(performance.now()); due > 0; due--) {
      if (left-- === 0) return;
      const record = source.next(Date.now());
      while (!publisher.offer(record)) {
        await publisher.room(stop);
        if (stop.aborted) return;
      }
    }
    if (left === 0) return;
    const idleMs = pacer.idleMs(performance.now());
    await (idleMs > 0 ? pause(idleMs, stop) : turnOfTheEventLoop());
  }
}

/**
 * Pushes out what lingers every ten seconds. A flush that is still under way is not joined by another; when
 * nothing at all was acknowledged since the last look, that is said.
 */
async function flushPeriodically({ publisher, stalled }: Flow, stop: AbortSignal): Promise<void> {
  let isFlushing = false;
  let acknowledgedBefore = 0;
  while (!stop.aborted) {
    await pause(FLUSH_EVERY_MS, stop);
    const { acknowledged } = publisher.counts;
    if (!isFlushing) {
      isFlushing = true;
      void publisher.flush().then(() => {
        isFlushing = false;
      });
    } else if (acknowledged === acknowledgedBefore && !stop.aborted) {
      stalled(`no acknowledgement for ${FLUSH_EVERY_MS / 1000} s`);
    }
    acknowledgedBefore = acknowledged;
  }
}

/** Resolves after this time, however long it is, or as soon as the signal is aborted. */
async function passed(durationMs: number, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + durationMs;
  while (!signal.aborted && performance.now() < endMs) await pause(endMs - performance.now(), signal);
}

/**
 * Runs the flow until a limit is reached or `stop` is aborted, then delivers what is buffered and closes; once `stop` is
 * aborted, that has ten seconds. The publisher's counts tell what became of the records.
 *
 * @throws {ProducerError} when the broker refuses records for good; the publisher is closed then too
 */
export async function produce(flow: Flow, stop: AbortSignal): Promise<void> {
  const { publisher, limits } = flow;
  // Generation ends at either, publishing at the second.
  const halt = createStop();
  const end = createStop();
  const onStop = (): void => halt.abort();
  stop.addEventListener('abort', onStop, { once: true });
  if (stop.aborted) halt.abort();
  const publishing = publisher.run(end.signal);
  const generating = generate(flow, halt.signal).finally(() => halt.abort());
  if (limits.durationMs !== undefined) void passed(limits.durationMs, halt.signal).then(() => halt.abort());
  try {
    await Promise.race([publishing, Promise.all([generating, flushPeriodically(flow, halt.signal)])]);
    const outOfTime = aborted(stop).then(() => pause(FINAL_FLUSH_MS, end.signal));
    await Promise.race([publishing, publisher.flush(), outOfTime]);
  } finally {
    stop.removeEventListener('abort', onStop);
    halt.abort();
    end.abort();
    await Promise.race([publisher.close(), pause(CLOSE_MS, new AbortController().signal)]);
  }
}
