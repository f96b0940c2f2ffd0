import type { StreamStatus } from '../../orchestrator/lake/progress/stream-status.ts';
import type { VerifyOutcome } from '../../orchestrator/verify/verify-outcome.ts';
import type { TierDocument } from './series.ts';

/**
 * The document of `/api/snapshot`, a contract: the document of `status --json` with what the page
 * shows in addition. Times are ISO-8601 with Z. What is not known is null, never 0.
 */
export interface Snapshot extends Sections {
  /** When it was made. */
  readonly at: string;
  /** The newest change that it contains, as `Last-Event-ID` of `/api/stream`. */
  readonly eventId: string;
  readonly series: readonly TierDocument[];
}

/** The parts of the document that change independently of each other. */
export interface Sections {
  readonly runtime: 'local' | 'compose';
  /** Whether every daemon is ready and every one-shot has completed. */
  readonly ready: boolean;
  readonly pipeline: string;
  readonly services: readonly ServiceState[];
  readonly urls: Readonly<Record<string, string>>;
  readonly stream: StreamStatus;
  /** What is read, and whether it can be read. */
  readonly sources: Readonly<Record<SourceName, SourceState>>;
  readonly topic: TopicState;
  readonly outputs: OutputState;
  readonly gold: readonly GoldState[];
  readonly batches: readonly BatchRecord[];
  readonly triggers: { readonly ingestMs: number; readonly goldMs: number };
  /** Records in quarantine by reason, in the micro-batches from `rowsFrom` on. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Silver rows for which an expectation is false, by its name, likewise. */
  readonly unmet: Readonly<Record<string, number>>;
  readonly verify: VerifyState;
  /** What happened, oldest first. */
  readonly events: readonly Happening[];
}

/** The verification that runs, and the last one. */
export interface VerifyState {
  /** Since when one that the page has asked for runs; null while none does. */
  readonly runningSince: string | null;
  /** How far it is, one phrase. */
  readonly progress: string | null;
  /** The last one, of the page or of a command; null when none is known. */
  readonly last: Verified | null;
}

/** A verification that has ended: with an outcome, or with an error that has prevented it. */
export interface Verified {
  readonly at: string;
  readonly by: 'page' | 'command';
  readonly outcome: VerifyOutcome | null;
  readonly error: string | null;
}

/** A service, as in `status --json`. */
export interface ServiceState {
  readonly name: string;
  readonly placement: 'process' | 'container';
  readonly state: 'starting' | 'ready' | 'failed' | 'stopped' | 'completed';
  readonly pid?: number;
  /** Null where only the runtime knows: the container of the dashboard has no access to it. */
  readonly restarts: number | null;
  /** When it entered this state, or when this was first observed. */
  readonly since: string;
  readonly detail: string;
  /** The last lines of its log, where the dashboard can read it. */
  readonly log: readonly string[];
}

/** What the dashboard reads. */
type SourceName = 'topic' | 'outputs' | 'progress' | 'spark';

export interface SourceState {
  /** `waiting`: there is nothing yet; `failed`: it cannot be read. */
  readonly state: 'ok' | 'waiting' | 'failed';
  /** One phrase: what is there, what is missing, or why it cannot be read. */
  readonly detail: string;
}

export interface TopicState {
  readonly name: string;
  /** Ordered by number; none while the topic cannot be read. */
  readonly partitions: readonly PartitionState[];
  /** Offsets that no committed micro-batch has read; null while it is not known. */
  readonly lag: number | null;
  /** Records per second that reach the topic, over the last ten seconds. */
  readonly inPerSecond: number | null;
  /** Records per second that are committed, over the last micro-batches. */
  readonly outPerSecond: number | null;
  /** Estimated seconds until the lag is cleared; null where it does not shrink. */
  readonly clearSeconds: number | null;
}

export interface PartitionState {
  readonly partition: number;
  /** The first offset that the broker has. */
  readonly begin: number;
  /** The offset after the last one that readers can see. */
  readonly end: number;
  /** The offset after the last one that is committed; null before the first micro-batch. */
  readonly committed: number | null;
  readonly lag: number | null;
}

export interface OutputState {
  /** The last committed micro-batch of `ingest`; null before the first. */
  readonly committedBatch: number | null;
  /** When it was planned. */
  readonly committedAt: string | null;
  /** A micro-batch that is planned and not committed. */
  readonly runningBatch: number | null;
  readonly sinks: readonly SinkState[];
}

/** A sink or gold table. */
export interface SinkState {
  readonly name: string;
  readonly kind: 'sink' | 'gold';
  /** Files of committed micro-batches that are there. */
  readonly files: number;
  /** Rows of the micro-batches from `rowsFrom` on. */
  readonly rows: number;
  /** The first micro-batch whose rows are known; 0 when it is all of them. */
  readonly rowsFrom: number | null;
  /** Rows of the newest micro-batch. */
  readonly newestRows: number | null;
}

/** How far a gold table has come. */
export interface GoldState {
  readonly table: string;
  readonly batch: number | null;
  /** When its newest micro-batch was committed. */
  readonly at: string | null;
  readonly watermark: string | null;
  /** Windows that are not closed yet. */
  readonly openWindows: number | null;
  readonly stateBytes: number | null;
  /** Rows that were dropped as late, in the micro-batches that are known. */
  readonly late: number;
  /** Hints about event time, one sentence each without its full stop. */
  readonly notes: readonly string[];
}

/** A committed micro-batch, as the job reports it. */
export interface BatchRecord {
  readonly query: string;
  readonly batch: number;
  readonly at: string;
  readonly rows: Readonly<Record<string, number>>;
  /** Milliseconds by phase; `total` is the whole trigger. */
  readonly ms: Readonly<Record<string, number>>;
}

export const HAPPENING_KINDS = ['service', 'stream', 'dashboard', 'chaos', 'verify', 'settings'] as const;

/** Something that happened to the stack. */
export interface Happening {
  readonly at: string;
  readonly kind: (typeof HAPPENING_KINDS)[number];
  /** One sentence without its full stop. */
  readonly text: string;
}

/** The changed parts, and the points that the series got since the change before. */
export interface Change extends Partial<Sections> {
  readonly at: string;
  readonly sample: Readonly<Record<string, number | null>>;
}
