/** One partition's part of a broker's answer to a fetch. */
export interface FetchedLog {
  readonly errorCode: number;
  /** Where the log ends for readers that also take what is not committed. */
  readonly highWatermark: number;
  /** Where the first open transaction begins; the high watermark when there is none. */
  readonly lastStableOffset: number;
  /** Transactions that were aborted and reach into what was fetched, by their first offset. Empty for `read_uncommitted`. */
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: number }[];
  /** Batches, the last one perhaps in part. */
  readonly log: Buffer;
  /** The broker asks for a pause of this length, and may have kept records back for it. */
  readonly throttleMs: number;
}

/**
 * The answer to a fetch of one partition, version 11:
 * throttle_time_ms error_code session_id [topic [partition error_code high_watermark last_stable_offset log_start_offset
 * [producer_id first_offset] preferred_read_replica record_set]]
 */
export function parseFetchResponse(answer: Buffer): FetchedLog {
  let at = 0;
  const skip = (bytes: number): number => {
    at += bytes;
    return at - bytes;
  };
  const int16 = () => answer.readInt16BE(skip(2));
  const int32 = () => answer.readInt32BE(skip(4));
  const int64 = () => answer.readBigInt64BE(skip(8));

  const throttleMs = int32();
  const sessionError = int16();
  int32();
  const topics = int32();
  if (sessionError !== 0 || topics === 0) return { ...NOTHING, errorCode: sessionError, throttleMs };
  skip(int16());
  int32();
  int32();
  const errorCode = int16();
  const highWatermark = Number(int64());
  const lastStableOffset = Number(int64());
  int64();
  // The length -1 stands for none.
  const aborted = Array.from({ length: Math.max(0, int32()) }, () => {
    const producerId = int64();
    return { producerId, firstOffset: Number(int64()) };
  });
  int32();
  const bytes = Math.max(0, int32());
  return {
    errorCode,
    highWatermark,
    lastStableOffset,
    aborted: aborted.sort((a, b) => a.firstOffset - b.firstOffset),
    log: answer.subarray(at, at + bytes),
    throttleMs,
  };
}

const NOTHING = { highWatermark: -1, lastStableOffset: -1, aborted: [], log: Buffer.alloc(0) };
