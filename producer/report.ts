import type { Writable } from 'node:stream';
import { createStop } from './deliver/pace.ts';
import { type Counts, NO_RECORDS } from './deliver/publish.ts';
import { ConfigError, ProducerError } from './errors.ts';

/** A progress line stands for at least this many records … */
const RECORDS_OF_A_LINE = 50;
/** … and at least this much time. */
const LINE_MS = 1000;
/** While something is waited for, this much time lies between two lines that say so. */
const WAITING_LINE_MS = 5000;

/** The producer's words, one line for each call of `write`. Times come from a monotonic clock. */
interface ReportOptions {
  readonly write: (line: string) => void;
  readonly nowMs: () => number;
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

/** Turns what happens into lines, few enough to read at any rate. */
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

  /** Records begin to flow: the rate is counted from here. */
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
      // Of what was sent: acknowledgements come a batch at a time and would make an even rate look
      // uneven.
      const rate = (((sent - this.#sentAtLine) * 1000) / elapsedMs).toFixed(1);
      this.#write(`sent=${sent} acked=${acknowledged} failed=${failed} buffered=${buffered} rate=${rate}/s`);
    } else {
      return;
    }
    this.#beginLine(counts);
  }

  /** Nothing goes on for the reason of `detail`; `counts` when records wait meanwhile. */
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
   * A partition goes on with a new producer id: what was acknowledged under the old one may be
   * gone.
   */
  renewed(partition: number, detail: string, mayDouble: number): void {
    const doubling =
      mayDouble === 0 ? 'nothing is written twice' : `${mayDouble} records may be written twice`;
    this.#write(`partition ${partition}: new producer id (${doubling}) after: ${detail}`);
  }

  /** Faults are put in and nobody will be able to tell which. */
  noAnswerKey(): void {
    this.#write('faults are on and no answer key is written: ANSWER_KEY names its file');
  }

  /** A limit is reached and everything delivered. */
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
    // An outage is no part of the rate that is reached.
    if (this.#acknowledgedAtLine > 0) this.#beginLine(counts);
  }

  #beginLine({ sent, acknowledged }: Counts): void {
    this.#sentAtLine = sent;
    this.#acknowledgedAtLine = acknowledged;
    this.#lineMs = this.#nowMs();
  }
}

/**
 * Lines on standard output, as long as someone reads them. When the reader has gone (a closed
 * pipe), records still have to be delivered: lines are dropped from then on, and `spare` is told so
 * once.
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
  // The spare is the last resort: if it has gone as well there is nobody left to tell.
  spare.on('error', () => undefined);
  return (line) => {
    if (isOpen) stream.write(`${line}\n`);
  };
}

/** Exit codes, those of the whole product. */
export const EXIT = { done: 0, defect: 1, wrongConfig: 2, failed: 4, interrupted: 130 } as const;

/** Says what is wrong in a line or two on standard error and gives the exit code. */
export function explain(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`[producer] ${error.message}\n`);
    return EXIT.wrongConfig;
  }
  if (error instanceof ProducerError) {
    process.stderr.write(`[producer] error: ${error.message}\n[producer] hint: ${error.hint}\n`);
    return EXIT.failed;
  }
  // Not foreseen, hence a defect: with its stack.
  process.stderr.write(`[producer] ${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT.defect;
}

/**
 * Ends the process once both its outputs have taken what was written: `process.exit` alone drops
 * what a pipe has not taken yet. What a broker that does not answer leaves open does not keep the
 * process.
 */
export async function endProcess(exitCode: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(written));
  process.exit(exitCode);
}

/**
 * The callback of an empty write comes after those of all writes before it, also from a broken
 * stream.
 */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

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
