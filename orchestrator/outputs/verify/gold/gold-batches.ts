import type { GoldBatch, GoldCheckpoint } from '../../gold-checkpoint.ts';

/** What is known of the rows that a gold query has read. */
export interface NewestEvents {
  /** The newest event time (Unix ms, cut to whole ones) by the number of silver's file. */
  readonly byFile: ReadonlyMap<number, number>;
  /** Silver's files whose rows are not all there: pruned, unreadable, or no longer in the topic. */
  readonly isPartial: (file: number) => boolean;
}

/** By which rule the rows of one batch of the source log were late. */
export interface LateRule {
  readonly logOffset: number;
  /** Windows that end by it (Unix ms) were closed to these rows: the rows were dropped. */
  readonly lateMs: number;
  /** Windows that end after it were open. Between the two the checkpoint no longer tells. */
  readonly openMs: number;
}

/** What gold's checkpoint and silver's rows say of gold. */
export interface GoldReading {
  /** The committed micro-batches that are known, with the watermarks that the rows give where they can be told. */
  readonly batches: readonly GoldBatch[];
  /** Watermarks in the checkpoint that are not those that the rows give. */
  readonly wrong: readonly { readonly batch: number; readonly recorded: number; readonly expected: number }[];
  readonly rules: readonly LateRule[];
}

/**
 * Applies Spark's rule of event time (since 3.4): micro-batch N runs with the watermark W(N), which is the newest event time of all
 * rows of the micro-batches before it, less the delay, and never below 0. It drops the rows of windows that end by W(N − 1), and
 * emits the windows that end by W(N).
 *
 * Which rows were in which micro-batch follows from the offset log, of which Spark keeps the last 100 entries. Of rows that were read
 * before, only bounds are known: their micro-batch ran at the latest when the rows before them were read, and at the
 * earliest when nothing was.
 * @param logged batch of the source log by the number of silver's file
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

/** What the rows say of watermarks. */
class Watermarks {
  readonly #files: readonly LoggedFile[];
  readonly #newest: NewestEvents;
  readonly #delayMs: number;

  constructor(files: readonly LoggedFile[], newest: NewestEvents, delayMs: number) {
    this.#files = files;
    this.#newest = newest;
    this.#delayMs = delayMs;
  }

  /** The watermark of a micro-batch; undefined when it cannot be told. */
  of(batch: number, before: GoldBatch | undefined, beforeThat: GoldBatch | undefined): number | undefined {
    if (batch === 0) return 0;
    if (!before) return undefined;
    const all = this.through(-1, before.logOffset);
    if (all !== undefined) return all;
    const from = before.batch === 0 ? -1 : beforeThat?.logOffset;
    const own = from === undefined ? undefined : this.through(from, before.logOffset);
    return own === undefined ? undefined : Math.max(before.watermarkMs, own);
  }

  /** What the rows of the source log's batches in (from, to] give alone; undefined when not all of them are there. */
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
