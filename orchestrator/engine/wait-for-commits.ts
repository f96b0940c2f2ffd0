import type { TopicOffsets } from '../kafka/topic.ts';
import { readCheckpoint } from '../lake/checkpoint.ts';
import { filesUnreadByGold } from '../lake/gold-checkpoint.ts';
import { type Runtime, untilExited } from '../runtimes/runtime.ts';
import { sparkStreaming } from '../services/spark-streaming.ts';
import { durationText } from '../util/output.ts';
import { ProductError } from '../util/product-error.ts';
import { notReady, type Probe, ready, waitUntilReady } from '../util/readiness.ts';
import { userCommand } from '../util/user-command.ts';

export interface CommitWait {
  readonly runtime: Pick<Runtime, 'outputPath' | 'observe' | 'subscribe'>;
  /** The offsets that must be committed: the topic's ends. */
  readonly target: TopicOffsets;
  /** Gold tables that must have read all of silver. */
  readonly tables: readonly string[];
  /** Milliseconds between two triggers of the slowest query. */
  readonly triggerIntervalMs: number;
  /** Bounds the whole wait. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onDetail: (detail: string) => void;
  /** How long the wait continues without a commit. */
  readonly patience?: Patience;
}

/** Milliseconds without progress before the wait is given up. */
interface Patience {
  /** While a micro-batch runs. The first one after a long pause may hold millions of records. */
  readonly atWorkMs: number;
  /** While none runs, beyond three trigger intervals. */
  readonly idleMs: number;
}

const PATIENCE: Patience = { atWorkMs: 5 * 60_000, idleMs: 30_000 };
const POLL_MS = 250;
const ATTEMPT_TIMEOUT_MS = 10_000;
const LOG_LINES = 20;

/**
 * Waits until the job has committed all records that the topic held at the call, and gold has read
 * the silver files that exist by then. A running producer does not prolong the wait. Windows that
 * only a later event closes are not waited for.
 * @returns what was seen at the end
 * @throws ProductError SERVICE_EXITED when the job does not run, GATE_TIMEOUT when it makes no
 * progress or the time is over; both with its last log lines; OUTPUT_NOT_LOCAL; the signal's reason
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
        const exit = await untilExited(wait.runtime, sparkStreaming.name, signal);
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

/** How much of the awaited offsets is committed, and since when nothing changed. */
class CommitProgress implements Probe {
  readonly name = 'the commit of all records that were in the topic';
  readonly #wait: CommitWait;
  readonly #patience: Patience;
  #state = '';
  #since = performance.now();
  #atWork = false;
  #detail = '';
  /** The micro-batch with which all records were committed, and its description. */
  #goldTarget: number | undefined;
  #ingestDetail = '';

  constructor(wait: CommitWait) {
    this.#wait = wait;
    this.#patience = wait.patience ?? PATIENCE;
  }

  async check() {
    if (this.#goldTarget === undefined) {
      const answer = await this.#ingested();
      if (!answer.ready || this.#goldTarget === undefined) return answer;
      this.#detail = answer.detail;
    }
    const waiting = await this.#unreadByGold(this.#goldTarget);
    if (waiting === undefined) return ready(this.#ingestDetail);
    if (waiting !== this.#detail) this.#since = performance.now();
    this.#detail = waiting;
    return notReady(waiting);
  }

  /** Whether `ingest` has committed all records. If so, sets #goldTarget. */
  async #ingested() {
    const { target } = this.#wait;
    const { start, committed, lastPlannedBatch, topic } = await readCheckpoint(this.#wait.runtime.outputPath);
    // A checkpoint of another topic never gets there; the comparison reports that.
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
    if (open > 0 || start === undefined) return notReady(this.#detail);
    this.#goldTarget = committed?.batch ?? -1;
    this.#ingestDetail = `all records are committed, ${batch} was the last`;
    return ready(this.#ingestDetail);
  }

  /**
   * Returns the first table that has not read silver up to a micro-batch; undefined when all have.
   */
  async #unreadByGold(through: number): Promise<string | undefined> {
    const { runtime, tables } = this.#wait;
    for (const table of tables) {
      const { files, committed } = await filesUnreadByGold(runtime.outputPath, table, through);
      if (files === 0) continue;
      const count = files === 1 ? '1 file' : `${files.toLocaleString('en-US')} files`;
      const done = committed === -1 ? 'no micro-batch' : `micro-batch ${committed}`;
      return `all records are committed; ${table} has ${count} of silver to go, ${done} of it is committed`;
    }
    return undefined;
  }

  /** Returns the error to end with when the job does not run. */
  jobGone(detail: string): ProductError {
    return new ProductError('SERVICE_EXITED', {
      message: `The job does not run (${detail}): ${this.#detail}.`,
      hint: `Start the stack with \`${userCommand('up')}\`; \`${userCommand('logs', sparkStreaming.name)}\` shows how the job ended.`,
    });
  }

  /** Returns the error to end with when nothing was committed for too long. */
  stall(): ProductError | undefined {
    const quietMs = performance.now() - this.#since;
    const { atWorkMs, idleMs } = this.#patience;
    const mostMs = this.#atWork ? atWorkMs : idleMs + 3 * this.#wait.triggerIntervalMs;
    if (quietMs < mostMs) return undefined;
    return new ProductError('GATE_TIMEOUT', {
      message: `The job has made no progress for ${durationText(quietMs)}: ${this.#detail}.`,
      hint: `See \`${userCommand('logs', sparkStreaming.name)}\` for its log and \`${userCommand('status')}\` for the services.`,
    });
  }
}

async function withJobLog(error: ProductError, runtime: CommitWait['runtime']): Promise<ProductError> {
  const job = (await runtime.observe()).find(({ name }) => name === sparkStreaming.name);
  return new ProductError(error.code, {
    message: error.message,
    hint: error.hint,
    service: sparkStreaming.name,
    logTail: job?.recentLines.slice(-LOG_LINES) ?? [],
    cause: error,
  });
}
