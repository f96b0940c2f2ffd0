import { describe, expect, it } from 'vitest';
import { createPopulation } from './population.ts';
import { seededRandom } from './random.ts';
import { createRecordSource, transactionSchema } from './transactions.ts';

describe('a generated transaction', () => {
  it('is accepted by the contract', () => {
    const source = createRecordSource(createPopulation(), seededRandom([4, 3, 2, 1]));
    const startMs = Date.UTC(2026, 1, 28, 23, 59, 59);
    const values = Array.from({ length: 20_000 }, (_, index) => source.next(startMs + index * 997).value);
    expect(values.filter((value) => !transactionSchema.safeParse(JSON.parse(value)).success)).toEqual([]);
  });
});
