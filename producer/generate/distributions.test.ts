import { describe, expect, it } from 'vitest';
import { chiSquareLimit, chiSquareOf, ksDistance, normalShare } from '../../tests/support/goodness-of-fit.ts';
import { activityAt, declineChance } from './event-clock.ts';
import { categories, createPopulation, currencies, places } from './population.ts';
import { derivedSeed, seededRandom, weightedDraw } from './random.ts';
import { createRecordSource, type Transaction, transactionSchema } from './transactions.ts';

// Seeds are fixed, so a test here always passes or always fails. Its limits are those of a chance
// of one in a million.
const COUNT = 100_000;
const NOON_MS = Date.UTC(2026, 0, 1, 12);
const population = createPopulation();
const homeOf = new Map(population.cards.map(({ cardId, home }) => [cardId, home]));

function drawn(count: number, hasDayAndNight = false, timeOf = (_: number) => NOON_MS): Transaction[] {
  const source = createRecordSource(population, seededRandom(derivedSeed('42', 'records')), {
    hasDayAndNight,
  });
  return Array.from({ length: count }, (_, index) => JSON.parse(source.next(timeOf(index)).value));
}
const transactions = drawn(COUNT);

const euros = ({ amount, currency }: Transaction): number =>
  amount / (currencies[currency]?.unitsPerEuro ?? Number.NaN);
const countBy = (names: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};

describe('weightedDraw', () => {
  it('draws in proportion to the weights', () => {
    const weights = [1, 2, 3, 4, 90, 0.5];
    const draw = weightedDraw([...weights.keys()], weights);
    const random = seededRandom([1, 2, 3, 4]);
    const observed = weights.map(() => 0);
    for (let count = 0; count < COUNT; count++) {
      const index = draw(random);
      observed[index] = (observed[index] ?? 0) + 1;
    }
    const sum = weights.reduce((total, weight) => total + weight);
    const expected = weights.map((weight) => (COUNT * weight) / sum);
    expect(chiSquareOf(observed, expected)).toBeLessThan(chiSquareLimit(weights.length - 1));
  });

  it.each([[[]], [[1, 0]], [[1, -1]], [[1, Number.NaN]], [[Number.POSITIVE_INFINITY, 1]]])(
    'refuses the weights %j',
    (weights: number[]) => {
      expect(() => weightedDraw([...weights.keys()], weights)).toThrow(RangeError);
    },
  );
});

describe('the distributions of transactions', () => {
  it('uses cards by a Zipf law with exponent 0.8, whatever their numbers', () => {
    const counts = countBy(transactions.map(({ card_id }) => card_id));
    const byRank = population.cards.toSorted((one, two) => two.weight - one.weight);
    const weights = byRank.map((_, index) => (index + 1) ** -0.8);
    const sum = weights.reduce((total, weight) => total + weight);
    const observed = byRank.map(({ cardId }) => counts.get(cardId) ?? 0);
    const expected = weights.map((weight) => (COUNT * weight) / sum);
    expect(chiSquareOf(observed, expected)).toBeLessThan(chiSquareLimit(byRank.length - 1));
    // The busiest tenth of the cards does more than half of it all.
    const tenth = observed.slice(0, Math.floor(byRank.length / 10)).reduce((total, count) => total + count);
    expect(tenth / COUNT).toBeGreaterThan(0.5);
    expect(byRank[0]?.cardId).not.toBe(population.cards[0]?.cardId);
  });

  it('spends by category as the table of categories says', () => {
    const counts = countBy(transactions.map(({ category }) => category));
    const sum = categories.reduce((total, { weight }) => total + weight, 0);
    const observed = categories.map(({ name }) => counts.get(name) ?? 0);
    const expected = categories.map(({ weight }) => (COUNT * weight) / sum);
    expect(chiSquareOf(observed, expected)).toBeLessThan(chiSquareLimit(categories.length - 1));
  });

  it.each(categories)('spends log-normal amounts on $name', ({ name, medianEuros, spread }) => {
    const scores = transactions
      // Yen have no decimals: small amounts of them are steps.
      .filter(({ category, currency }) => category === name && currency !== 'JPY')
      .map((transaction) => Math.log(euros(transaction) / medianEuros) / spread);
    // Kolmogorov's limit for one chance in a million, and the width of a cent's step at the median.
    const limit = 2.7 / Math.sqrt(scores.length) + 0.01 / medianEuros / spread;
    expect(scores.length).toBeGreaterThan(1000);
    expect(ksDistance(scores, normalShare)).toBeLessThan(limit);
  });

  it('keeps a merchant to one category, one place and one currency', () => {
    const seen = new Map<string, string>();
    const strays = transactions.filter(({ merchant, category, city, currency, lat, lon }) => {
      const identity = [category, city, currency, lat, lon].join();
      const known = seen.get(merchant) ?? identity;
      seen.set(merchant, known);
      return known !== identity;
    });
    expect(strays).toEqual([]);
    expect(seen.size).toBeGreaterThan(900);
  });

  it('declines high and foreign payments more often, by the documented chances', () => {
    const groups = [0, 100, 200, 400].flatMap((from, index, all) =>
      [false, true].map((isAbroad) => ({ from, to: all[index + 1] ?? Infinity, isAbroad })),
    );
    for (const { from, to, isAbroad } of groups) {
      const members = transactions.filter((transaction) => {
        const amount = euros(transaction);
        const abroad = homeOf.get(transaction.card_id)?.country !== transaction.country;
        return amount >= from && amount < to && abroad === isAbroad;
      });
      const chances = members.map((transaction) => declineChance(euros(transaction), isAbroad));
      const expected = chances.reduce((total, chance) => total + chance, 0);
      const deviation = Math.sqrt(chances.reduce((total, chance) => total + chance * (1 - chance), 0));
      const declined = members.filter(({ status }) => status === 'declined').length;
      expect(members.length).toBeGreaterThan(20);
      expect(Math.abs(declined - expected)).toBeLessThan(5 * deviation);
    }
    expect(declineChance(100, false)).toBe(0.025);
    expect(declineChance(800, true)).toBeCloseTo(0.175);
    expect(declineChance(1e6, true)).toBe(0.4);
  });

  it('reverses one payment in a hundred', () => {
    const reversed = transactions.filter(({ status }) => status === 'reversed').length;
    expect(Math.abs(reversed - COUNT / 100)).toBeLessThan(5 * Math.sqrt(COUNT / 100));
  });

  it('uses cards around the clock alike without day and night', () => {
    const counts = countBy(transactions.map(({ card_id }) => homeOf.get(card_id)?.city ?? ''));
    expect(counts.size).toBe(places.length);
  });

  it('uses cards in proportion to the activity at their homes with day and night', () => {
    for (const hour of [0, 7, 19]) {
      const timeMs = Date.UTC(2026, 5, 1, hour, 30);
      const counts = countBy(
        drawn(30_000, true, () => timeMs).map(({ card_id }) => homeOf.get(card_id)?.city ?? ''),
      );
      const weights = places.map((place) =>
        population.cards
          .filter(({ home }) => home === place)
          .reduce((total, { weight }) => total + weight * activityAt(place, timeMs), 0),
      );
      const sum = weights.reduce((total, weight) => total + weight);
      const observed = places.map(({ city }) => counts.get(city) ?? 0);
      const expected = weights.map((weight) => (30_000 * weight) / sum);
      expect(chiSquareOf(observed, expected)).toBeLessThan(chiSquareLimit(places.length - 1));
    }
  });

  it('knows day from night by the sun', () => {
    const [london, tokyo] = ['London', 'Tokyo'].map((name) => places.find(({ city }) => city === name));
    if (!london || !tokyo) throw new Error('London and Tokyo are places');
    const noonMs = Date.UTC(2026, 0, 1, 12, 30);
    expect(activityAt(london, noonMs)).toBeGreaterThan(0.8);
    expect(activityAt(tokyo, noonMs)).toBeLessThan(activityAt(london, noonMs));
    expect(activityAt(london, Date.UTC(2026, 0, 1, 3, 30))).toBeLessThan(0.05);
    expect(activityAt(tokyo, Date.UTC(2026, 0, 1, 3, 30))).toBeGreaterThan(0.8);
    expect(activityAt(london, -1)).toBe(activityAt(london, Date.UTC(2026, 0, 1) - 1));
  });

  it('writes what the contract of a transaction accepts', () => {
    const strays = drawn(2000).filter((transaction) => !transactionSchema.safeParse(transaction).success);
    expect(strays).toEqual([]);
  });
});
