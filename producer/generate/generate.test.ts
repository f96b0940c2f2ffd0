import { describe, expect, it } from 'vitest';
import { categories, createPopulation, currencies, places } from './population.ts';
import { type Seed, seededRandom } from './random.ts';
import { createRecordSource, type TransactionRecord, transactionSchema } from './transactions.ts';

const NOON_MS = Date.UTC(2026, 0, 1, 12, 0, 0, 123);
const population = createPopulation();

function recordsOf(seed: Seed, count: number): TransactionRecord[] {
  const source = createRecordSource(population, seededRandom(seed));
  return Array.from({ length: count }, (_, index) => source.next(NOON_MS + index));
}
const records = recordsOf([1, 2, 3, 4], 20_000);
const transactions = records.map(({ value }) => transactionSchema.parse(JSON.parse(value)));

describe('createRecordSource', () => {
  it('gives the same records for a seed and others for another', () => {
    expect(recordsOf([9, 9, 9, 9], 100)).toEqual(recordsOf([9, 9, 9, 9], 100));
    expect(recordsOf([9, 9, 9, 9], 100)).not.toEqual(recordsOf([9, 9, 9, 8], 100));
  });

  it('writes the fields in the documented order, the key being the card', () => {
    expect(Object.keys(JSON.parse(records[0]?.value ?? ''))).toEqual(
      'txn_id event_ts user_id card_id merchant category amount currency status city country lat lon'.split(
        ' ',
      ),
    );
    expect(records.map(({ key }) => key)).toEqual(transactions.map(({ card_id }) => card_id));
  });

  it('writes the event’s time as ISO-8601 with milliseconds and an offset', () => {
    expect(transactions[0]?.event_ts).toBe('2026-01-01T12:00:00.123+00:00');
    expect(records[0]?.timestampMs).toBe(NOON_MS);
  });

  it('repeats no txn_id', () => {
    expect(new Set(transactions.map(({ txn_id }) => txn_id)).size).toBe(transactions.length);
  });

  it('writes amounts above zero with at most the decimals of their currency', () => {
    const isRight = ({ amount, currency }: (typeof transactions)[number], index: number): boolean => {
      const text = /"amount":([^,]+),/.exec(records[index]?.value ?? '')?.[1] ?? '';
      const form = currencies[currency]?.decimals === 0 ? /^[1-9]\d*$/ : /^\d+(\.\d{1,2})?$/;
      return form.test(text) && amount > 0;
    };
    expect(transactions.filter((transaction, index) => !isRight(transaction, index))).toEqual([]);
  });

  it('makes city, country, currency and coordinates fit together', () => {
    const strays = transactions.filter(({ city, country, currency, lat, lon }) => {
      const place = places.find((candidate) => candidate.city === city);
      const isNear = place && Math.abs(place.lat - lat) < 0.06 && Math.abs(place.lon - lon) < 0.06;
      return !isNear || place.country !== country || place.currency !== currency;
    });
    expect(strays).toEqual([]);
  });

  it('uses the cards of a fixed population, each of one user, again and again', () => {
    const users = new Map<string, Set<string>>();
    for (const { card_id, user_id } of transactions)
      users.set(card_id, (users.get(card_id) ?? new Set()).add(user_id));
    expect(users.size).toBeGreaterThan(0.95 * population.cards.length);
    expect([...users].filter(([, owners]) => owners.size !== 1)).toEqual([]);
  });

  it('keeps a card mostly in its own city', () => {
    const homes = new Map(population.cards.map(({ cardId, home }) => [cardId, home.city]));
    const atHome = transactions.filter(({ card_id, city }) => homes.get(card_id) === city).length;
    expect(atHome / transactions.length).toBeGreaterThan(0.9);
    expect(atHome / transactions.length).toBeLessThan(0.95);
  });

  it('makes records of about 300 bytes', () => {
    const bytes = records.reduce(
      (sum, { key, value }) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
      0,
    );
    expect(bytes / records.length).toBeGreaterThan(270);
    expect(bytes / records.length).toBeLessThan(330);
  });
});

describe('createPopulation', () => {
  it('is the same in every run, merchants included', () => {
    const again = createPopulation();
    expect(again.cards).toEqual(population.cards);
    for (const place of places) {
      for (const category of categories) {
        expect(again.outlets(place, category)).toEqual(population.outlets(place, category));
      }
    }
  });

  it('gives every user one to three cards', () => {
    const cardsOfUser = new Map<string, number>();
    for (const { userId } of population.cards) cardsOfUser.set(userId, (cardsOfUser.get(userId) ?? 0) + 1);
    expect(new Set(cardsOfUser.values())).toEqual(new Set([1, 2, 3]));
    expect(new Set(population.cards.map(({ cardId }) => cardId)).size).toBe(population.cards.length);
  });
});
