import type { Writable } from 'node:stream';
import { createStop } from './deliver/pace.ts';
import { type Counts, NO_RECORDS } from './deliver/publish.ts';
import { ConfigError, ProducerError } from './errors.ts';

/** A progress line covers at least this many records … */
const RECORDS_OF_A_LINE = 50;
/** … and at least this much time. */
const LINE_MS = 1000;
/** During a wait, at least this much time lies between two lines about it. */
const WAITING_LINE_MS = 5000;

/** The producer's output, one line for each call of `write`. Times come from a monotonic clock. */
interface ReportOptions {
  readonly write: (line: string) => void;
  readonly nowMs: () => number;
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

/** What was read of an input. */
export interface InputCounts {
  events: number;
  /** Lines with `value` and other members of a record. */
  records: number;
  withoutKey: number;
  /** Whether the input came to its end. */
  isWhole: boolean;
}

/** Turns events into lines, few enough to read at any rate. */
export class Report {
  readonly #write: (line: string) => void;
  readonly #nowMs: () => number;
  #lineMs: number;
  #acknowledgedAtLine = 0;
  #sentAtLine = 0;
  #waitingSinceMs: number | undefined;
  #isWaitingSaid = false;
  #waitingLineMs = Number.NEGATIVE_INFINITY;

  constructor({ write, nowMs }: ReportOptions) {
    this.#write = (line) => write(`[producer] ${line}`);
    this.#nowMs = nowMs;
    this.#lineMs = nowMs();
  }

  connecting(servers: string, topic: string): void {
    this.#write(`Connecting to ${servers}, topic=${topic}`);
  }

  /** Something about the events that the user should know. */
  note(text: string): void {
    this.#write(text);
  }

  /** Records begin to flow. The rate is counted from here. */
  started(): void {
    this.#endWaiting(NO_RECORDS);
    this.#lineMs = this.#nowMs();
  }

  acknowledged(counts: Counts): void {
    this.#endWaiting(counts);
    const { sent, acknowledged, failed, buffered } = counts;
    const newlyAcknowledged = acknowledged - this.#acknowledgedAtLine;
    const elapsedMs = this.#nowMs() - this.#lineMs;
    if (this.#acknowledgedAtLine === 0) {
      this.#write(`first records acknowledged: ${acknowledged}`);
    } else if (newlyAcknowledged >= RECORDS_OF_A_LINE && elapsedMs >= LINE_MS) {
      // The rate of sent records: acknowledgements come in batches and would make an even rate look
      // uneven.
      const rate = (((sent - this.#sentAtLine) * 1000) / elapsedMs).toFixed(1);
      this.#write(`sent=${sent} acked=${acknowledged} failed=${failed} buffered=${buffered} rate=${rate}/s`);
    } else {
      return;
    }
    this.#beginLine(counts);
  }

  /**
   * The producer waits for the reason in `detail`. `counts` is given when records are waiting, too.
   */
  waiting(detail: string, counts?: Counts): void {
    const nowMs = this.#nowMs();
    this.#waitingSinceMs ??= nowMs;
    if (nowMs - this.#waitingLineMs < WAITING_LINE_MS) return;
    this.#waitingLineMs = nowMs;
    this.#isWaitingSaid = true;
    const buffer = counts ? `; ${counts.buffered} records buffered (${mebibytes(counts.bufferedBytes)})` : '';
    this.#write(`waiting (${seconds(nowMs - this.#waitingSinceMs)}): ${detail}${buffer}`);
  }

  /**
   * A partition continues with a new producer id. What was acknowledged under the old one may be
   * lost.
   */
  renewed(partition: number, detail: string, mayDouble: number): void {
    const doubling =
      mayDouble === 0 ? 'nothing is written twice' : `${mayDouble} records may be written twice`;
    this.#write(`partition ${partition}: new producer id (${doubling}) after: ${detail}`);
  }

  /** Faults are injected without an answer key, so they cannot be identified later. */
  noAnswerKey(): void {
    this.#write('faults are on and no answer key is written: ANSWER_KEY names its file');
  }

  /** How the lines of an input were read. */
  input({ events, records, withoutKey }: InputCounts): void {
    const asRecords = records === 0 ? '' : `, ${records} of them with key, headers or time of their own`;
    const keyless = withoutKey === 0 ? '' : `, ${withoutKey} without a key`;
    this.#write(`read: ${events + records} events${asRecords}${keyless}`);
  }

  /** A limit is reached and everything is delivered. */
  idle(): void {
    this.#write('the limit is reached: waiting to be stopped');
  }

  done({ sent, acknowledged, failed }: Counts): void {
    this.#write(`done: sent=${sent} acked=${acknowledged} failed=${failed}`);
  }

  #endWaiting(counts: Counts): void {
    if (this.#waitingSinceMs === undefined) return;
    if (this.#isWaitingSaid) this.#write(`going on after ${seconds(this.#nowMs() - this.#waitingSinceMs)}`);
    this.#waitingSinceMs = undefined;
    this.#isWaitingSaid = false;
    // An outage does not count into the rate.
    if (this.#acknowledgedAtLine > 0) this.#beginLine(counts);
  }

  #beginLine({ sent, acknowledged }: Counts): void {
    this.#sentAtLine = sent;
    this.#acknowledgedAtLine = acknowledged;
    this.#lineMs = this.#nowMs();
  }
}

/**
 * Lines on standard output, as long as they have a reader. When the reader has gone (a closed
 * pipe), records still have to be delivered. From then on lines are dropped, and `spare` receives
 * one line about it.
 */
export function lineOutput(stream: Writable, spare: Writable): (line: string) => void {
  let isOpen = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (!isOpen) return;
    isOpen = false;
    spare.write(
      `[producer] standard output is gone (${error.code ?? error.message}): publishing goes on without lines\n`,
    );
  });
  // The spare is the last resort: if it has gone as well, no reader is left.
  spare.on('error', () => undefined);
  return (line) => {
    if (isOpen) stream.write(`${line}\n`);
  };
}

/** Exit codes, those of the whole product. */
export const EXIT = { done: 0, defect: 1, wrongConfig: 2, failed: 4, interrupted: 130 } as const;

/** Describes the error in a line or two on standard error and returns the exit code. */
export function explain(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`[producer] ${error.message}\n`);
    return EXIT.wrongConfig;
  }
  if (error instanceof ProducerError) {
    process.stderr.write(`[producer] error: ${error.message}\n[producer] hint: ${error.hint}\n`);
    return EXIT.failed;
  }
  // Unexpected, hence a defect: printed with its stack.
  process.stderr.write(`[producer] ${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT.defect;
}

/**
 * Ends the process once both its outputs have taken what was written: `process.exit` alone drops
 * what a pipe has not taken yet. Connections to a broker that does not answer do not keep the
 * process alive.
 */
export async function endProcess(exitCode: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(written));
  process.exit(exitCode);
}

/**
 * The callback of an empty write comes after those of all writes before it, even from a broken
 * stream.
 */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

/** Aborted at the first SIGINT or SIGTERM. The second one ends the process at once. */
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
