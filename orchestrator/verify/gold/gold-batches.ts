import type { Database } from '../../lake/database.ts';
import { columnsOfOutput, helperColumn, NUMBER_OF_FILE } from '../../lake/file-source.ts';
import type { GoldBatch, GoldCheckpoint } from '../../lake/gold-checkpoint.ts';
import { loadSink } from '../../lake/load-sink.ts';
import { batchOfFileNumber } from '../../lake/sinks.ts';
import type { Pipeline } from '../../pipeline/model.ts';

/** What is known about the rows that a gold query has read. */
export interface NewestEvents {
  /** The newest event time (Unix ms, cut to whole ones) by the number of silver's file. */
  readonly byFile: ReadonlyMap<number, number>;
  /** Silver's files whose rows are incomplete: pruned, unreadable, or no longer in the topic. */
  readonly isPartial: (file: number) => boolean;
}

/** The rule by which rows of one batch of the source log were late. */
export interface LateRule {
  readonly logOffset: number;
  /** Windows that end by it (Unix ms) were closed to these rows: the rows were dropped. */
  readonly lateMs: number;
  /**
   * Windows that end after it were open. The checkpoint no longer shows the state of windows
   * between the two.
   */
  readonly openMs: number;
}

/** What gold's checkpoint and silver's rows show about gold. */
export interface GoldReading {
  /**
   * The known committed micro-batches, with the watermarks that follow from the rows where these
   * can be determined.
   */
  readonly batches: readonly GoldBatch[];
  /** Watermarks in the checkpoint that differ from those that follow from the rows. */
  readonly wrong: readonly { readonly batch: number; readonly recorded: number; readonly expected: number }[];
  readonly rules: readonly LateRule[];
}

/**
 * Applies Spark's rule of event time (since 3.4): micro-batch N runs with the watermark W(N), which
 * is the newest event time of all rows of the micro-batches before it, less the delay, and never
 * below 0. It drops the rows of windows that end by W(N − 1), and emits the windows that end by
 * W(N).
 *
 * The offset log shows which rows were in which micro-batch, but Spark keeps only its last 100
 * entries. For rows that were read earlier, only bounds are known: their micro-batch ran at the
 * latest when the rows before them were read, and at the earliest when nothing was.
 * @param logged the source log's batch of each silver file, by the file's number
 */
export function readGold(
  checkpoint: Pick<GoldCheckpoint, 'batches'>,
  logged: ReadonlyMap<number, number>,
  newest: NewestEvents,
  delayMs: number,
): GoldReading {
  const files = [...logged].map(([silver, logOffset]) => ({ silver, logOffset }));
  files.sort((a, b) => a.logOffset - b.logOffset);
  const watermarks = new Watermarks(files, newest, delayMs);
  const batches: GoldBatch[] = [];
  const wrong: { batch: number; recorded: number; expected: number }[] = [];
  for (const [at, recorded] of checkpoint.batches.entries()) {
    const before = precedes(batches.at(-1), recorded);
    const beforeThat = at >= 2 ? precedes(batches.at(-2), before) : undefined;
    const expected = watermarks.of(recorded.batch, before, beforeThat);
    if (expected !== undefined && expected !== recorded.watermarkMs) {
      wrong.push({ batch: recorded.batch, recorded: recorded.watermarkMs, expected });
    }
    batches.push({ ...recorded, watermarkMs: expected ?? recorded.watermarkMs });
  }
  return { batches, wrong, rules: lateRules(batches, files, watermarks) };
}

function precedes(earlier: GoldBatch | undefined, later: GoldBatch | undefined): GoldBatch | undefined {
  return earlier && later && earlier.batch === later.batch - 1 ? earlier : undefined;
}

interface LoggedFile {
  readonly silver: number;
  readonly logOffset: number;
}

/** The watermarks that follow from the rows. */
class Watermarks {
  readonly #files: readonly LoggedFile[];
  readonly #newest: NewestEvents;
  readonly #delayMs: number;

  constructor(files: readonly LoggedFile[], newest: NewestEvents, delayMs: number) {
    this.#files = files;
    this.#newest = newest;
    this.#delayMs = delayMs;
  }

  /** The watermark of a micro-batch. Undefined when it cannot be determined. */
  of(batch: number, before: GoldBatch | undefined, beforeThat: GoldBatch | undefined): number | undefined {
    if (batch === 0) return 0;
    if (!before) return undefined;
    const all = this.through(-1, before.logOffset);
    if (all !== undefined) return all;
    const from = before.batch === 0 ? -1 : beforeThat?.logOffset;
    const own = from === undefined ? undefined : this.through(from, before.logOffset);
    return own === undefined ? undefined : Math.max(before.watermarkMs, own);
  }

  /**
   * The watermark from the rows of the source log's batches in (from, to] alone. Undefined when
   * some of the rows are missing.
   */
  through(from: number, to: number): number | undefined {
    let watermarkMs = 0;
    for (const { silver, logOffset } of this.#files) {
      if (logOffset <= from || logOffset > to) continue;
      if (this.#newest.isPartial(silver)) return undefined;
      watermarkMs = Math.max(watermarkMs, (this.#newest.byFile.get(silver) ?? 0) - this.#delayMs);
    }
    return watermarkMs;
  }
}

function lateRules(
  batches: readonly GoldBatch[],
  files: readonly LoggedFile[],
  watermarks: Watermarks,
): readonly LateRule[] {
  const last = batches.at(-1)?.logOffset ?? -1;
  const [first] = batches;
  const logOffsets = [...new Set(files.map(({ logOffset }) => logOffset))].filter((one) => one <= last);
  return logOffsets.map((logOffset) => {
    const at = batches.findIndex((batch) => batch.logOffset >= logOffset);
    const own = batches[at];
    const before = precedes(batches[at - 1], own);
    if (own?.batch === 0) return { logOffset, lateMs: 0, openMs: 0 };
    if (before) return { logOffset, lateMs: before.watermarkMs, openMs: before.watermarkMs };
    const latest = own?.watermarkMs ?? first?.watermarkMs ?? 0;
    return {
      logOffset,
      lateMs: 0,
      openMs: Math.min(latest, watermarks.through(-1, logOffset - 1) ?? latest),
    };
  });
}

/** Columns in addition to silver's own. No field can have their names. */
export const EVENT_US = helperColumn('event_us');
export const SILVER_FILE = helperColumn('silver_file');

/**
 * The source of the rows that gold is compared with: silver's files, or what the topic's records
 * give.
 */
export interface SilverRows {
  /** Silver's files that are incomplete. Absent: those that do not exist. */
  readonly isPartial?: (file: number) => boolean;
  /**
   * Runs a statement over all rows, in parts of bounded size.
   * @param statement receives a relation with silver's columns, EVENT_US (Unix microseconds) and
   * SILVER_FILE, the number of silver's file (see `fileNumber`); -1 where only a bound of it is
   * known: up to micro-batch `batchesUnknownThrough`
   */
  insert(database: Database, statement: (relation: string) => string): Promise<void>;
  /** Rows of micro-batches up to this one have the file -1. Absent where every row has its own. */
  readonly batchesUnknownThrough?: number;
}

/**
 * The rows of silver's files.
 * @param files the numbers of silver's files that gold has read
 */
export function silverOfFiles(outputPath: string, pipeline: Pipeline, files: Iterable<number>): SilverRows {
  const through = Math.max(-1, ...[...files].map(batchOfFileNumber));
  return {
    async insert(database, statement) {
      await loadSink(database, {
        outputPath,
        through,
        sink: 'silver',
        columns: columnsOfOutput(pipeline, 'silver'),
        insert: (source) =>
          statement(
            `(SELECT *, epoch_us(event_time) AS ${EVENT_US}, ${NUMBER_OF_FILE} AS ${SILVER_FILE} FROM ${source})`,
          ),
      });
    },
  };
}

/** The newest event time (Unix ms) of each of silver's files. */
export async function newestEvents(database: Database, silver: SilverRows): Promise<NewestEvents> {
  await database.run('CREATE OR REPLACE TABLE file_newest (file BIGINT, event_us BIGINT)');
  await silver.insert(
    database,
    (relation) =>
      `INSERT INTO file_newest SELECT ${SILVER_FILE}, max(${EVENT_US}) FROM ${relation} GROUP BY ${SILVER_FILE}`,
  );
  const rows = await database.all('SELECT file, max(event_us) FROM file_newest GROUP BY 1');
  const byFile = new Map(rows.map(([file, us]) => [Number(file), wholeMs(us as bigint)]));
  // Every file has rows, so one without any does not exist or cannot be read.
  return { byFile, isPartial: silver.isPartial ?? ((file) => !byFile.has(file)) };
}

/** Microseconds as milliseconds, rounded towards the past. */
function wholeMs(us: bigint): number {
  return Number((us - (((us % 1000n) + 1000n) % 1000n)) / 1000n);
}
