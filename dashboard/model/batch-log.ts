import { goldNotes } from '../../orchestrator/lake/progress/event-time.ts';
import {
  type GoldProgress,
  type IngestProgress,
  isIngest,
} from '../../orchestrator/lake/progress/progress.ts';
import { type StreamStatus, streamStatus } from '../../orchestrator/lake/progress/stream-status.ts';
import type { GoldTable, Pipeline } from '../../orchestrator/pipeline/model.ts';
import type { BatchRecord, GoldState } from './snapshot.ts';

/** Micro-batches that are kept, the newest, of `ingest` and of each gold table. */
const KEPT_INGEST = 90;
const KEPT_GOLD = 30;

/** Reasons and expectations come from users: so many names are counted, and further ones are not. */
const MOST_NAMES = 200;

/** The totals of an output. */
interface RowTotal {
  readonly rows: number;
  /** The first micro-batch that is counted. */
  readonly from: number;
  /** Rows of the newest micro-batch. */
  readonly newest: number;
}

/**
 * The micro-batches that the job has reported, in bounded memory: totals of all of them, and the
 * newest ones.
 */
export class BatchLog {
  #ingest: readonly IngestProgress[] = [];
  readonly #gold = new Map<string, readonly GoldProgress[]>();
  readonly #totals = new Map<string, RowTotal>();
  readonly #late = new Map<string, number>();
  #rejected: Readonly<Record<string, number>> = {};
  #unmet: Readonly<Record<string, number>> = {};

  /** Adds a micro-batch. @returns whether it is new */
  add(progress: IngestProgress | GoldProgress): boolean {
    const known = isIngest(progress) ? this.#ingest : this.#gold.get(progress.query);
    if (progress.batch <= (known?.at(-1)?.batch ?? -1)) return false;
    for (const [output, rows] of Object.entries(progress.rows)) this.#count(output, progress.batch, rows);
    if (isIngest(progress)) {
      this.#ingest = [...this.#ingest, progress].slice(-KEPT_INGEST);
      this.#rejected = added(this.#rejected, progress.rejected);
      this.#unmet = added(this.#unmet, progress.unmet);
    } else {
      const { query, late } = progress;
      this.#gold.set(query, [...(this.#gold.get(query) ?? []), progress].slice(-KEPT_GOLD));
      this.#late.set(query, (this.#late.get(query) ?? 0) + late);
    }
    return true;
  }

  /** Forgets everything: the outputs are other ones. */
  clear(): void {
    this.#ingest = [];
    this.#gold.clear();
    this.#totals.clear();
    this.#late.clear();
    this.#rejected = {};
    this.#unmet = {};
  }

  #count(output: string, batch: number, rows: number): void {
    const before = this.#totals.get(output);
    if (!before && this.#totals.size >= MOST_NAMES) return;
    this.#totals.set(output, {
      rows: (before?.rows ?? 0) + rows,
      from: before?.from ?? batch,
      newest: rows,
    });
  }

  /** The micro-batches of `ingest` that are kept, oldest first. */
  get ingest(): readonly IngestProgress[] {
    return this.#ingest;
  }

  /** By reason, in every micro-batch that was added. */
  get rejected(): Readonly<Record<string, number>> {
    return this.#rejected;
  }

  /** By the expectation's name, likewise. */
  get unmet(): Readonly<Record<string, number>> {
    return this.#unmet;
  }

  totalOf(output: string): RowTotal | undefined {
    return this.#totals.get(output);
  }

  /** Every micro-batch that is kept, each query's own ones oldest first. */
  records(): readonly BatchRecord[] {
    const kept = [...this.#ingest, ...[...this.#gold.values()].flat()];
    return kept.map(({ query, batch, at, rows, ms }) => ({ query, batch, at, rows, ms }));
  }

  /** The part `stream` of `status --json`. */
  stream(): StreamStatus {
    const late = [...this.#late.values()].reduce((sum, each) => sum + each, 0);
    return streamStatus({ ingest: this.#ingest, gold: this.#gold }, late);
  }

  /** How far a gold table has come. */
  gold(pipeline: Pick<Pipeline, 'eventTime'>, table: GoldTable, nowMs: number): GoldState {
    const batches = this.#gold.get(table.name) ?? [];
    const last = batches.at(-1);
    const late = this.#late.get(table.name) ?? 0;
    return {
      table: table.name,
      batch: last?.batch ?? null,
      at: last?.at ?? null,
      watermark: last?.watermark ?? null,
      openWindows: last?.state.rows ?? null,
      stateBytes: last?.state.memory_bytes ?? null,
      late,
      notes: goldNotes(pipeline, table, batches, nowMs, late),
    };
  }
}

function added(
  totals: Readonly<Record<string, number>>,
  more: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const names = Object.keys(more).filter((name) => Object.hasOwn(totals, name) || more[name] !== 0);
  const sums = new Map(Object.entries(totals));
  for (const name of names) {
    if (sums.has(name) || sums.size < MOST_NAMES) sums.set(name, (sums.get(name) ?? 0) + (more[name] ?? 0));
  }
  return Object.fromEntries(sums);
}
