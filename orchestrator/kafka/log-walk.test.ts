import { describe, expect, it } from 'vitest';
import type { FetchedLog } from './log-connection.ts';
import { walkFetched } from './topic-log.ts';

interface PlantedBatch {
  readonly first: number;
  readonly last: number;
  readonly count?: number;
  readonly producer?: number;
  /** A control batch with this type: 0 ends an aborted transaction, 1 a committed one. */
  readonly marker?: 0 | 1;
}

/** The header of a batch of format 2, and a marker's record behind it. */
function batch({ first, last, count = last - first + 1, producer, marker }: PlantedBatch): Buffer {
  const content = marker === undefined ? [] : [0x16, 0, 0, 0, 8, 0, 0, 0, marker, 1, 0];
  const log = Buffer.alloc(61 + content.length);
  log.writeBigInt64BE(BigInt(first), 0);
  log.writeInt32BE(log.length - 12, 8);
  log.writeInt8(2, 16);
  log.writeInt16BE((producer === undefined ? 0 : 0x10) | (marker === undefined ? 0 : 0x20), 21);
  log.writeInt32BE(last - first, 23);
  log.writeBigInt64BE(BigInt(producer ?? -1), 43);
  log.writeInt32BE(count, 57);
  log.set(content, 61);
  return log;
}

function walk(batches: readonly PlantedBatch[], more: Partial<FetchedLog> = {}, from = 0, end = 100) {
  const fetched: FetchedLog = {
    ...{ errorCode: 0, highWatermark: end, lastStableOffset: end, aborted: [], throttleMs: 0 },
    log: Buffer.concat(batches.map(batch)),
    ...more,
  };
  return [...walkFetched(fetched, from, end)].map(({ from: first, to, content }) => [first, to, content]);
}

describe('what a fetched part of a log holds', () => {
  it('is returned from the requested offset on, without a gap', () => {
    const batches = [
      { first: 2, last: 7 },
      { first: 10, last: 12 },
      { first: 13, last: 20, count: 0 },
    ];
    expect(walk(batches, {}, 5)).toEqual([
      [5, 8, 'record'],
      [8, 10, 'compacted'],
      [10, 13, 'record'],
      [13, 21, 'compacted'],
    ]);
  });

  it('leaves out aborted transactions, each until its own marker', () => {
    const aborted = [
      { producerId: 1n, firstOffset: 0 },
      { producerId: 2n, firstOffset: 4 },
      { producerId: 1n, firstOffset: 12 },
    ];
    const batches: readonly PlantedBatch[] = [
      { first: 0, last: 1, producer: 1 },
      { first: 2, last: 3 },
      { first: 4, last: 5, producer: 2 },
      { first: 6, last: 6, producer: 1, marker: 0 },
      { first: 7, last: 8, producer: 1 },
      { first: 9, last: 9, producer: 2, marker: 0 },
      { first: 10, last: 10, producer: 1, marker: 1 },
      { first: 11, last: 11, producer: 2 },
      { first: 12, last: 13, producer: 1 },
    ];
    expect(walk(batches, { aborted })).toEqual([
      [0, 2, 'aborted'],
      [2, 4, 'record'],
      [4, 6, 'aborted'],
      [6, 7, 'marker'],
      [7, 9, 'record'],
      [9, 10, 'marker'],
      [10, 11, 'marker'],
      [11, 12, 'record'],
      [12, 14, 'aborted'],
    ]);
  });

  it('is empty up to the end where no batch is left, unless the broker holds records back', () => {
    expect(walk([], {}, 5)).toEqual([[5, 100, 'compacted']]);
    expect(walk([], { throttleMs: 100 }, 5)).toEqual([]);
    expect(walk([], {}, 100)).toEqual([]);
  });
});
