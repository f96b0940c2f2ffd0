import { describe, expect, it } from 'vitest';
import { MALFORMED_KINDS, malformedTransaction } from '../../producer/faults/malformed-transaction.ts';
import { createPopulation } from '../../producer/generate/population.ts';
import { derivedSeed, seededRandom } from '../../producer/generate/random.ts';
import { createRecordSource } from '../../producer/generate/transactions.ts';
import { classifying } from '../support/classified.ts';
import { transactions } from '../support/transactions.ts';

const classify = classifying(transactions);

describe('values that are malformed on purpose', () => {
  it('go to quarantine for the reason that the answer key names, whatever their kind', () => {
    const source = createRecordSource(createPopulation(), seededRandom(derivedSeed('1', 'records')));
    const random = seededRandom(derivedSeed('1', 'faults'));
    const spoilt = Array.from({ length: 20_000 }, (_, index) =>
      malformedTransaction(random, source.next(index).value),
    );
    expect(spoilt.filter(({ value, reason }) => classify(value) !== reason)).toEqual([]);
    expect(new Set(spoilt.map(({ kind }) => kind))).toEqual(new Set(MALFORMED_KINDS));
    expect(new Set(spoilt.map(({ reason }) => reason))).toEqual(
      new Set([
        ...['null_value', 'not_json_object', 'missing_txn_id', 'missing_card_id', 'missing_event_ts'],
        ...['bad_event_ts', 'missing_amount', 'bad_amount', 'wrong_type'],
      ]),
    );
  });
});
