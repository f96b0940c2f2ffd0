import { expect, it } from 'vitest';
import { rangesOf } from './topic.ts';

const at = (offset: number) => new Map([[0, BigInt(offset)]]);

it('does not take what is sent between two requests for an open transaction', () => {
  expect(rangesOf(at(100), at(113), at(7))).toEqual([
    { partition: 0, beginOffset: 7n, endOffset: 100n, logEndOffset: 100n },
  ]);
});

it('ends before the log where a transaction is open', () => {
  expect(rangesOf(at(100), at(88), at(0))).toEqual([
    { partition: 0, beginOffset: 0n, endOffset: 88n, logEndOffset: 100n },
  ]);
});
