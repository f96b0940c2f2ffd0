import { describe, expect, it } from 'vitest';
import { javaPartitioner } from './kafka-session.ts';

describe('javaPartitioner', () => {
  // Hashes from the tests of Kafka's own client (UtilsTest.testMurmur2).
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('places %s where the Java client does', (key, murmur2) => {
    for (const count of [1, 3, 12, 50]) {
      const partitionOf = javaPartitioner('transactions', count);
      expect(partitionOf(key)).toBe((murmur2 & 0x7fff_ffff) % count);
      expect(partitionOf(key)).toBe(partitionOf(key));
    }
  });

  it('gives records without a key to the partitions in turn', () => {
    const partitionOf = javaPartitioner('transactions', 3);
    expect([null, null, null, null].map(partitionOf)).toEqual([0, 1, 2, 0]);
  });
});
