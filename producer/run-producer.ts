import type { Limits, ProducerConfig } from './config.ts';
import { configuredStream, readEvents } from './configured-stream.ts';
import { aborted, createPacer, createStop, type Pacer, pause, turnOfTheEventLoop } from './deliver/pace.ts';
import { NO_RECORDS, type Publisher } from './deliver/publish.ts';
import { type AnswerKey, openAnswerKey } from './faults/answer-key.ts';
import { eventDescriber } from './faults/event-description.ts';
import { hasFaults } from './faults/record-stream.ts';
import type { OutgoingRecord, RecordSource } from './generate/event-source.ts';
import type { Report } from './report.ts';
import { connectToTopic } from './topic-connection.ts';

/**
 * Sends records to the topic until a limit is reached or `stop` is aborted.
 *
 * @returns whether every record that was generated has been acknowledged
 * @throws {ProducerError} when the topic is missing, the broker refuses, or the answer key cannot
 * be written
 */
export async function runProducer(
  config: ProducerConfig,
  report: Report,
  stop: AbortSignal,
): Promise<boolean> {
  const { answerKey: answerKeyPath } = config;
  const events = readEvents(config, Date.now());
  const { topic, plan } = events;
  if (events.note !== undefined) report.note(events.note);
  const connection = await connectToTopic(config, topic, report, stop);
  let answerKey: AnswerKey | undefined;
  if (hasFaults(plan)) {
    if (answerKeyPath === undefined) report.noAnswerKey();
    else
      answerKey = await openAnswerKey(answerKeyPath, eventDescriber(events.pipeline), stop, (detail) =>
        report.waiting(detail),
      );
  }
  if (connection === undefined || stop.aborted) {
    report.done(NO_RECORDS);
    return true;
  }

  const publisher = connection.publisher<OutgoingRecord>(answerKey);
  const { source, profile } = configuredStream(config, events, Date.now());
  report.started();
  const pacer = createPacer(config.recordsPerSecond, performance.now(), profile);
  const stalled = (detail: string): void => report.waiting(detail, publisher.counts);
  try {
    await produce({ source, pacer, publisher, stalled, limits: config.limits }, stop);
  } finally {
    report.done(publisher.counts);
    answerKey?.close();
  }
  return publisher.counts.failed === 0;
}

const FLUSH_EVERY_MS = 10_000;
/** How long the delivery of buffered records may take after the end was requested. */
const FINAL_FLUSH_MS = 10_000;
const CLOSE_MS = 1_000;

/** The parts of the flow. */
interface Flow {
  readonly source: RecordSource;
  readonly pacer: Pacer;
  readonly publisher: Publisher;
  readonly limits: Limits;
  /** Called when records have waited for an acknowledgement since the last periodic flush. */
  readonly stalled: (detail: string) => void;
}

/**
 * Generates records when they are due and passes them on. Waits whenever the buffer is full. Ends
 * when there are enough or the signal is aborted.
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
 * Flushes lingering records every ten seconds. Flushes do not overlap. Reports when nothing at all
 * was acknowledged since the previous one.
 */
async function flushPeriodically({ publisher, stalled }: Outlet, stop: AbortSignal): Promise<void> {
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

/**
 * Resolves after this time, which may exceed a timer's maximum, or as soon as the signal is
 * aborted.
 */
async function passed(durationMs: number, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + durationMs;
  while (!signal.aborted && performance.now() < endMs) await pause(endMs - performance.now(), signal);
}

/**
 * Runs the flow until a limit is reached or `stop` is aborted, then delivers what is buffered and
 * closes. Once `stop` is aborted, that may take ten seconds. The publisher's counts show the
 * outcomes of the records.
 *
 * @throws {ProducerError} when the broker refuses records for good; the publisher is closed then
 * too
 */
export function produce(flow: Flow, stop: AbortSignal): Promise<void> {
  return deliver((signal) => generate(flow, signal), flow, stop);
}

/** What records of any origin need on their way to the topic. */
type Outlet = Pick<Flow, 'limits' | 'stalled'> & {
  readonly publisher: Pick<Publisher, 'run' | 'flush' | 'close' | 'counts'>;
};

/**
 * Does what `produce` does, for records that come from `feed`. It offers them to the publisher, and
 * ends when there are no more or its signal is aborted.
 */
export async function deliver(
  feed: (signal: AbortSignal) => Promise<void>,
  outlet: Outlet,
  stop: AbortSignal,
): Promise<void> {
  const { publisher, limits } = outlet;
  // `halt` ends generation, `end` ends publishing.
  const halt = createStop();
  const end = createStop();
  const onStop = (): void => halt.abort();
  stop.addEventListener('abort', onStop, { once: true });
  if (stop.aborted) halt.abort();
  const publishing = publisher.run(end.signal);
  const generating = feed(halt.signal).finally(() => halt.abort());
  if (limits.durationMs !== undefined) void passed(limits.durationMs, halt.signal).then(() => halt.abort());
  try {
    await Promise.race([publishing, Promise.all([generating, flushPeriodically(outlet, halt.signal)])]);
    const outOfTime = aborted(stop).then(() => pause(FINAL_FLUSH_MS, end.signal));
    await Promise.race([publishing, publisher.flush(), outOfTime]);
  } finally {
    stop.removeEventListener('abort', onStop);
    halt.abort();
    end.abort();
    await Promise.race([publisher.close(), pause(CLOSE_MS, new AbortController().signal)]);
  }
}
