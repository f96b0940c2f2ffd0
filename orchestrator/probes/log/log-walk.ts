import type { OffsetContent, OffsetRange } from '../../outputs/verify/topic-reader.ts';
import type { FetchedLog } from './fetch-response.ts';
import { batchesOf, isAbortMarker, type RecordBatch } from './record-batch.ts';

/** Offsets of a log that hold the same: a batch, or what lay between two of them and was compacted away. */
export interface WalkedStretch extends OffsetRange {
  readonly content: OffsetContent;
  /** The batch that the offsets belong to; it may begin before them and end behind them. */
  readonly batch: RecordBatch | undefined;
}

/**
 * What a fetched part of a log holds from an offset on, without a gap. With no batch at all, everything up to where the reader's view
 * ends was compacted away.
 * @param offset where it was fetched from
 * @param end where the reader's view of the partition ends
 * @throws UnreadableBatch for a batch of a format that is not known
 */
export function* walkFetched(fetched: FetchedLog, offset: number, end: number): Generator<WalkedStretch> {
  const transactions = new AbortedTransactions(fetched.aborted);
  let next = offset;
  for (const batch of batchesOf(fetched.log)) {
    const aborted = transactions.includes(batch);
    const to = batch.lastOffset + 1;
    if (to <= next) continue;
    if (batch.firstOffset > next) {
      yield { from: next, to: batch.firstOffset, content: 'compacted', batch: undefined };
    }
    const from = Math.max(next, batch.firstOffset);
    yield { from, to, content: contentOf(batch, aborted), batch };
    next = to;
  }
  if (next === offset && fetched.throttleMs === 0 && next < end) {
    yield { from: next, to: end, content: 'compacted', batch: undefined };
  }
}

function contentOf(batch: RecordBatch, aborted: boolean): OffsetContent {
  // Compaction keeps an empty batch where a producer's last sequence number has to be remembered.
  if (batch.count === 0) return 'compacted';
  if (batch.isControl) return 'marker';
  return aborted ? 'aborted' : 'record';
}

/** Follows the aborted transactions through a fetched part of a log, as Kafka's consumer does. */
class AbortedTransactions {
  readonly #coming: FetchedLog['aborted'][number][];
  readonly #open = new Set<bigint>();

  constructor(aborted: FetchedLog['aborted']) {
    this.#coming = [...aborted];
  }

  /** Whether a batch belongs to one; to be asked of each batch, in the log's order. */
  includes(batch: RecordBatch): boolean {
    while (this.#coming[0] && this.#coming[0].firstOffset <= batch.lastOffset) {
      const [begun] = this.#coming.splice(0, 1);
      if (begun) this.#open.add(begun.producerId);
    }
    if (isAbortMarker(batch)) this.#open.delete(batch.producerId);
    return batch.isTransactional && this.#open.has(batch.producerId);
  }
}
