import { durationText } from '../core/duration.ts';
import { waitUntilReady } from '../core/health-gate.ts';
import { notReady, type Probe, ready } from '../core/probe.ts';
import { ProductError } from '../core/product-error.ts';
import { triggerIntervalMs } from '../core/trigger.ts';
import { readCheckpoint } from '../outputs/checkpoint.ts';
import type { TopicOffsets } from '../probes/topic-offsets.ts';
import type { Runtime } from '../runtime/runtime.ts';

export interface CommitWait {
  readonly runtime: Pick<Runtime, 'outputPath' | 'observe' | 'exited'>;
  /** What is to be committed: the topic's ends. */
  readonly target: TopicOffsets;
  /** TRIGGER_INTERVAL, checked. */
  readonly triggerInterval: string;
  /** Whole wait. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onDetail: (detail: string) => void;
  /** How long nothing may be committed. */
  readonly patience?: Patience;
}

/** Milliseconds without progress before the wait is given up. */
export interface Patience {
  /** While a micro-batch is at work; the first one after a long pause may hold millions of records. */
  readonly atWorkMs: number;
  /** While none is, beyond three trigger intervals. */
  readonly idleMs: number;
}

const PATIENCE: Patience = { atWorkMs: 5 * 60_000, idleMs: 30_000 };
const POLL_MS = 250;
const ATTEMPT_TIMEOUT_MS = 10_000;
const LOG_LINES = 20;

/**
 * Waits until the job has committed all that the topic held when its ends were asked for; a producer at work does not put that off.
 * @returns what was seen at the end
 * @throws ProductError SERVICE_EXITED when the job does not run, GATE_TIMEOUT when it makes no progress or the time is over; both with
 *   its last log lines; OUTPUT_NOT_LOCAL; the signal's reason
 */
export async function waitForCommits(wait: CommitWait): Promise<string> {
  const progress = new CommitProgress(wait);
  const { ready: done, detail } = await progress.check();
  if (done) return detail;
  const stalled = new AbortController();
  const watch = setInterval(() => {
    const error = progress.stall();
    if (error !== undefined) stalled.abort(error);
  }, POLL_MS);
  try {
    return await waitUntilReady(progress, {
      timeoutMs: wait.timeoutMs,
      intervalMs: POLL_MS,
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      signal: AbortSignal.any([wait.signal, stalled.signal]),
      exited: async (signal) => {
        const exit = await wait.runtime.exited('spark-streaming', signal);
        throw progress.jobGone(exit.detail);
      },
      onDetail: wait.onDetail,
    });
  } catch (error) {
    wait.signal.throwIfAborted();
    throw error instanceof ProductError ? await withJobLog(error, wait.runtime) : error;
  } finally {
    clearInterval(watch);
  }
}

/** What is committed of what is awaited, and since when nothing changed. */
class CommitProgress implements Probe {
  readonly name = 'the commit of all records that were in the topic';
  readonly #wait: CommitWait;
  readonly #patience: Patience;
  #state = '';
  #since = performance.now();
  #atWork = false;
  #detail = '';

  constructor(wait: CommitWait) {
    this.#wait = wait;
    this.#patience = wait.patience ?? PATIENCE;
  }

  async check() {
    const { target } = this.#wait;
    const { start, committed, lastPlannedBatch, topic } = await readCheckpoint(this.#wait.runtime.outputPath);
    // Another topic's checkpoint never gets there: the comparison says so.
    if (topic !== undefined && topic !== target.name) return ready(`the outputs are of topic ${topic}`);
    const open = target.partitions.reduce((sum, { partition, endOffset }) => {
      const reached = committed?.end.get(partition) ?? start?.get(partition) ?? 0;
      return sum + Math.max(0, Number(endOffset) - reached);
    }, 0);
    const state = `${open} ${committed?.batch} ${lastPlannedBatch}`;
    if (state !== this.#state) this.#since = performance.now();
    this.#state = state;
    this.#atWork = (lastPlannedBatch ?? -1) > (committed?.batch ?? -1);
    const batch = committed === undefined ? 'no micro-batch' : `micro-batch ${committed.batch}`;
    this.#detail = `${open.toLocaleString('en-US')} records to go, ${batch} is committed`;
    return open === 0 && start !== undefined
      ? ready(`all records are committed, ${batch} was the last`)
      : notReady(this.#detail);
  }

  /** The error to end with when the job does not run. */
  jobGone(detail: string): ProductError {
    return new ProductError('SERVICE_EXITED', {
      message: `The job does not run (${detail}): ${this.#detail}.`,
      hint: 'Start the stack with `npm run up`; `npm run logs -- spark-streaming` shows how the job ended.',
    });
  }

  /** The error to end with when nothing was committed for too long. */
  stall(): ProductError | undefined {
    const quietMs = performance.now() - this.#since;
    const { atWorkMs, idleMs } = this.#patience;
    const mostMs = this.#atWork ? atWorkMs : idleMs + 3 * triggerIntervalMs(this.#wait.triggerInterval);
    if (quietMs < mostMs) return undefined;
    return new ProductError('GATE_TIMEOUT', {
      message: `The job has made no progress for ${durationText(quietMs)}: ${this.#detail}.`,
      hint: 'See `npm run logs -- spark-streaming` for its log and `npm run status` for the services.',
    });
  }
}

async function withJobLog(error: ProductError, runtime: CommitWait['runtime']): Promise<ProductError> {
  const job = (await runtime.observe()).find(({ name }) => name === 'spark-streaming');
  return new ProductError(error.code, {
    message: error.message,
    hint: error.hint,
    service: 'spark-streaming',
    logTail: job?.recentLines.slice(-LOG_LINES) ?? [],
    cause: error,
  });
}
