import { type Counts, NO_RECORDS } from './publish.ts';

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
      // Of what was sent: acknowledgements come a batch at a time and would make an even rate look uneven.
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

  /** A partition goes on with a new producer id: what was acknowledged under the old one may be gone. */
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
