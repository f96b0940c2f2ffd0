import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Delivery, type OpenSession } from './delivery.ts';
import type { Batch } from './record-encoding.ts';

const batchOf = (...values: string[]): Batch => ({
  records: values.map((value) => ({ key: 'card', value, timestampMs: 0 })),
  bytes: values.join('').length,
});
const brokerError = (type: string): Error =>
  Object.assign(new Error('wrapped'), { cause: Object.assign(new Error(`broker says ${type}`), { type }) });

type Mishap = 'lost before' | 'lost after' | 'never ends' | { answer: string };

/** One partition's log that tracks producer ids and sequence numbers as a broker does. */
class FakePartition {
  readonly log: string[] = [];
  /** The faults of the next sends, in order. Without an entry a send succeeds. */
  readonly mishaps: (Mishap | undefined)[] = [];
  readonly #next = new Map<number, { sequence: number; last: number; lastOffset: number }>();
  opened = 0;
  reconnected = 0;
  isUp = true;

  readonly open: OpenSession = async () => {
    if (!this.isUp) throw new Error('connect ECONNREFUSED');
    this.opened += 1;
    const producerId = this.opened;
    this.#next.set(producerId, { sequence: 0, last: -1, lastOffset: -1 });
    let clientSequence = 0;
    return {
      send: async (records) => {
        if (!this.isUp) throw new Error('connect ECONNREFUSED');
        if (records.length === 0) return undefined;
        const mishap = this.mishaps.shift();
        if (mishap === 'lost before') throw new Error('Closed connection');
        if (mishap === 'never ends') return new Promise<never>(() => undefined);
        if (typeof mishap === 'object') throw brokerError(mishap.answer);
        const offset = this.#write(
          producerId,
          clientSequence,
          records.map(({ value }) => String(value ?? '')),
        );
        if (mishap === 'lost after') throw new Error('Closed connection');
        clientSequence += records.length;
        return offset;
      },
      reconnect: async () => {
        this.reconnected += 1;
        if (!this.isUp) throw new Error('connect ECONNREFUSED');
      },
      close: async () => undefined,
    };
  };

  /** Answers a batch that it has already with the offset of the first copy, as a broker does. */
  #write(producerId: number, sequence: number, values: readonly string[]): number {
    const known = this.#next.get(producerId);
    if (!known) throw brokerError('UNKNOWN_PRODUCER_ID');
    if (sequence === known.last) return known.lastOffset;
    if (sequence !== known.sequence) throw brokerError('OUT_OF_ORDER_SEQUENCE_NUMBER');
    const lastOffset = this.log.length;
    this.log.push(...values);
    this.#next.set(producerId, { sequence: sequence + values.length, last: sequence, lastOffset });
    return lastOffset;
  }
}

describe('Delivery', () => {
  const { signal } = new AbortController();
  let partition: FakePartition;
  let retried: string[];
  let renewed: [detail: string, mayDouble: number][];
  let delivery: Delivery;

  beforeEach(() => {
    vi.useFakeTimers();
    partition = new FakePartition();
    retried = [];
    renewed = [];
    delivery = new Delivery(7, partition.open, {
      retrying: (_, detail) => retried.push(detail),
      renewed: (_, detail, mayDouble) => renewed.push([detail, mayDouble.length]),
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** The offset of each batch's first record, or `aborted` where delivery was. */
  const deliverAll = async (...batches: Batch[]): Promise<(number | undefined | 'aborted')[]> => {
    const outcomes: (number | undefined | 'aborted')[] = [];
    const done = (async () => {
      for (const batch of batches) {
        const receipt = await delivery.deliver(batch, signal);
        outcomes.push(receipt ? receipt.baseOffset : 'aborted');
      }
    })();
    // A rejection is checked below, after the clock has run.
    done.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(600_000);
    await done;
    return outcomes;
  };

  it('opens one session and writes batches in order', async () => {
    expect(await deliverAll(batchOf(), batchOf('a', 'b'), batchOf('c'))).toEqual([undefined, 0, 2]);
    expect(partition.log).toEqual(['a', 'b', 'c']);
    expect(partition.opened).toBe(1);
    expect(retried).toEqual([]);
  });

  it('writes a batch once whether the request or only its answer was lost', async () => {
    partition.mishaps.push('lost before', 'lost after', 'lost after', undefined, 'lost after');
    expect(await deliverAll(batchOf('a', 'b'), batchOf('c'), batchOf('d'))).toEqual([0, 2, 3]);
    expect(partition.log).toEqual(['a', 'b', 'c', 'd']);
    expect(partition.opened).toBe(1);
    expect(partition.reconnected).toBe(4);
    expect(retried).toEqual(Array.from({ length: 4 }, () => 'Closed connection'));
  });

  it('backs off from 200 ms to 2 s and goes on for as long as the broker is away', async () => {
    await delivery.deliver(batchOf(), signal);
    partition.isUp = false;
    const outcome = delivery.deliver(batchOf('a'), signal);
    await vi.advanceTimersByTimeAsync(0);
    const attemptsAfter = async (ms: number): Promise<number> => {
      await vi.advanceTimersByTimeAsync(ms);
      return retried.length;
    };
    expect(await attemptsAfter(0)).toBe(1);
    expect(await attemptsAfter(200)).toBe(2);
    expect(await attemptsAfter(400)).toBe(3);
    expect(await attemptsAfter(800)).toBe(4);
    expect(await attemptsAfter(1600)).toBe(5);
    expect(await attemptsAfter(60_000)).toBe(35);
    partition.isUp = true;
    await vi.advanceTimersByTimeAsync(2000);
    expect(await outcome).toEqual({ baseOffset: 0 });
    expect(partition.log).toEqual(['a']);
  });

  it('takes a new producer id when the broker no longer accepts the old one, and doubles nothing', async () => {
    partition.mishaps.push(undefined, { answer: 'OUT_OF_ORDER_SEQUENCE_NUMBER' });
    await deliverAll(batchOf('a'), batchOf('b'), batchOf('c'));
    expect(partition.log).toEqual(['a', 'b', 'c']);
    expect(partition.opened).toBe(2);
    expect(renewed).toEqual([['broker says OUT_OF_ORDER_SEQUENCE_NUMBER', 0]]);
  });

  it('takes a batch as written that the broker says it has, at an offset that it does not name', async () => {
    partition.mishaps.push({ answer: 'DUPLICATE_SEQUENCE_NUMBER' });
    expect(await deliverAll(batchOf('a'))).toEqual([undefined]);
    expect(retried).toEqual([]);
  });

  it('gives up an attempt that never ends, and says how many records may be written twice', async () => {
    partition.mishaps.push('never ends');
    expect(await deliverAll(batchOf('a', 'b'))).toEqual([0]);
    expect(partition.log).toEqual(['a', 'b']);
    expect(renewed).toEqual([['an attempt to send did not end within 180 s', 2]]);
  });

  it('ends with an error that names batch and cause when the broker refuses for good', async () => {
    partition.mishaps.push({ answer: 'MESSAGE_TOO_LARGE' });
    await expect(deliverAll(batchOf('abc'))).rejects.toThrow(
      'the broker refused 1 records (3 bytes) for partition 7: broker says MESSAGE_TOO_LARGE',
    );
  });

  it('stops trying when it is aborted', async () => {
    partition.isUp = false;
    const stop = new AbortController();
    const outcome = delivery.deliver(batchOf('a'), stop.signal);
    await vi.advanceTimersByTimeAsync(10_000);
    stop.abort();
    expect(await outcome).toBeUndefined();
    const attempts = retried.length;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(retried.length).toBe(attempts);
  });
});
