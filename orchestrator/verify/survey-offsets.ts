import type { PartitionOffsets } from '../lake/checkpoint.ts';
import { type Database, sqlText } from '../lake/database.ts';
import { BATCH_OF_FILE, FILE } from '../lake/file-source.ts';
import { type LoadedSink, loadSink } from '../lake/load-sink.ts';

/** The sinks whose rows carry topic, partition and offset. */
export const LINEAGE_SINKS = ['bronze', 'silver', 'quarantine'] as const;

export type LineageSink = (typeof LINEAGE_SINKS)[number];

/** Rows of one sink, micro-batch, partition and bucket of offsets. */
export interface SurveyedBucket {
  readonly sink: LineageSink;
  readonly batch: number;
  readonly partition: number;
  readonly bucket: number;
  /** The offsets that exist. */
  readonly mask: bigint;
  /** The number of rows. It exceeds the bits in the mask when an offset is there more than once. */
  readonly rows: number;
}

/**
 * Reads which offsets the files of bronze, silver and quarantine hold, into a table of one row per
 * sink, micro-batch, partition and 64 offsets. The survey is exact and reads no column of values.
 * 10 million records become some 160,000 rows a sink.
 */
export async function surveyOffsets(
  database: Database,
  options: { readonly outputPath: string; readonly topic: string; readonly through: number },
): Promise<ReadonlyMap<LineageSink, LoadedSink>> {
  await database.run(
    'CREATE TABLE survey (sink VARCHAR, batch BIGINT, partition INTEGER, bucket BIGINT, mask UBIGINT, rows BIGINT)',
  );
  const own = `(topic = ${sqlText(options.topic)} AND "partition" >= 0 AND "offset" >= 0) IS TRUE`;
  const loaded = new Map<LineageSink, LoadedSink>();
  for (const sink of LINEAGE_SINKS) {
    const insert = (source: string) => `
      INSERT INTO survey
      SELECT '${sink}', ${BATCH_OF_FILE}, partition, bucket, mask, rows FROM (
        SELECT ${FILE},
          CASE WHEN ${own} THEN "partition" END AS partition,
          CASE WHEN ${own} THEN "offset" // ${BUCKET_SIZE} END AS bucket,
          bit_or(CASE WHEN ${own} THEN 1::UBIGINT << ("offset" % ${BUCKET_SIZE}) END) AS mask,
          count(*) AS rows
        FROM ${source} GROUP BY 1, 2, 3)`;
    const { outputPath, through } = options;
    loaded.set(sink, await loadSink(database, { outputPath, sink, through, insert }));
  }
  return loaded;
}

/** The surveyed rows by partition and bucket, both ascending. */
export async function* surveyedBuckets(database: Database): AsyncGenerator<SurveyedBucket> {
  const rows = database.rows(
    `SELECT sink, batch, partition, bucket, mask, rows FROM survey
     WHERE partition IS NOT NULL ORDER BY partition, bucket, batch`,
  );
  for await (const [sink, batch, partition, bucket, mask, count] of rows) {
    yield {
      sink: sink as LineageSink,
      batch: Number(batch),
      partition: Number(partition),
      bucket: Number(bucket),
      mask: mask as bigint,
      rows: Number(count),
    };
  }
}

/**
 * The first offset of each partition in bronze files after `batch`. Partitions without rows have no
 * entry.
 */
export async function firstBronzeOffsets(database: Database, batch: number): Promise<PartitionOffsets> {
  const rows = await database.all(
    `SELECT partition, bucket, bit_or(mask) FROM survey
     WHERE sink = 'bronze' AND partition IS NOT NULL AND batch > ${batch}
     GROUP BY partition, bucket QUALIFY row_number() OVER (PARTITION BY partition ORDER BY bucket) = 1`,
  );
  return new Map(
    rows.map(([partition, bucket, mask]) => [
      Number(partition),
      Number(bucket) * BUCKET_SIZE + lowestBit(mask as bigint),
    ]),
  );
}

/**
 * Rows of another topic or without lineage, by sink, in micro-batches after the last pruned one.
 */
export async function foreignRows(
  database: Database,
  prunedThrough: (sink: LineageSink) => number,
): Promise<ReadonlyMap<LineageSink, number>> {
  const found = new Map<LineageSink, number>();
  for (const sink of LINEAGE_SINKS) {
    const [row] = await database.all(
      `SELECT coalesce(sum(rows), 0)::BIGINT FROM survey
       WHERE partition IS NULL AND sink = '${sink}' AND batch > ${prunedThrough(sink)}`,
    );
    const count = Number(row?.[0] ?? 0);
    if (count > 0) found.set(sink, count);
  }
  return found;
}

/** Offsets are surveyed 64 at a time: a bucket is offset / 64, and its mask has bit offset % 64. */
export const BUCKET_SIZE = 64;

/** Bits of the offsets of a bucket that lie in [from, to). */
export function maskOfRange(bucket: number, from: number, to: number): bigint {
  const first = bucket * BUCKET_SIZE;
  const low = Math.min(Math.max(from - first, 0), BUCKET_SIZE);
  const high = Math.min(Math.max(to - first, 0), BUCKET_SIZE);
  return low >= high ? 0n : ((1n << BigInt(high - low)) - 1n) << BigInt(low);
}

export function bitCount(mask: bigint): number {
  let count = 0;
  for (let rest = mask; rest !== 0n; rest &= rest - 1n) count++;
  return count;
}

/** The position of the lowest bit; 0 for an empty mask. */
function lowestBit(mask: bigint): number {
  return mask === 0n ? 0 : bitCount((mask & -mask) - 1n);
}

/** Joins ascending offsets into ranges, and passes each range on when it is complete. */
export class RangeBuilder {
  #from = 0;
  #to = 0;
  readonly #onRange: (from: number, to: number) => void;

  /** @param onRange receives a range [from, to) */
  constructor(onRange: (from: number, to: number) => void) {
    this.#onRange = onRange;
  }

  /** Adds the range [from, to). */
  addRange(from: number, to: number): void {
    if (from >= to) return;
    if (from !== this.#to) {
      this.end();
      this.#from = from;
    }
    this.#to = to;
  }

  addMask(bucket: number, mask: bigint): void {
    if (mask === 0n) return;
    const first = bucket * BUCKET_SIZE;
    for (let bit = 0; bit < BUCKET_SIZE; bit++) {
      if ((mask >> BigInt(bit)) & 1n) this.addRange(first + bit, first + bit + 1);
    }
  }

  /** Passes on the open range. */
  end(): void {
    if (this.#from < this.#to) this.#onRange(this.#from, this.#to);
    this.#from = 0;
    this.#to = 0;
  }
}

/** Ranges [from, to) in insertion order. A range takes 16 bytes, so that millions can be kept. */
export class OffsetRanges {
  #bounds = new Float64Array(64);
  #length = 0;

  push(from: number, to: number): void {
    if (this.#length === this.#bounds.length) {
      const larger = new Float64Array(2 * this.#bounds.length);
      larger.set(this.#bounds);
      this.#bounds = larger;
    }
    this.#bounds[this.#length++] = from;
    this.#bounds[this.#length++] = to;
  }

  *[Symbol.iterator](): Generator<{ readonly from: number; readonly to: number }> {
    for (let at = 0; at < this.#length; at += 2) {
      yield { from: this.#bounds[at] ?? 0, to: this.#bounds[at + 1] ?? 0 };
    }
  }
}
