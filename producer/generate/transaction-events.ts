import { malformedTransaction } from '../faults/malformed-transaction.ts';
import type { OpenEventSource } from './event-source.ts';
import { type Card, createPopulation, type Population } from './population.ts';
import { derivedSeed, drawFrom, type Random, seededRandom } from './random.ts';
import { createRecordSource } from './transactions.ts';

/** Options that make transactions more lifelike. */
interface TransactionOptions {
  /** Whether cards are used where it is day. */
  readonly hasDayAndNight: boolean;
  readonly population?: Population;
}

/** Card transactions as the events of a pipeline: the strategy `transactions`. */
export function transactionEvents({
  hasDayAndNight,
  population = createPopulation(),
}: TransactionOptions): OpenEventSource {
  return ({ seed, faults, fraudRate }) => {
    const random = seededRandom(derivedSeed(seed, 'records'));
    const source = createRecordSource(population, random, { hasDayAndNight });
    const hotCard = drawFrom(faults, population.cards);
    const stolenCard = fraudSprees(seededRandom(derivedSeed(seed, 'fraud')), population.cards, fraudRate);
    return {
      next: (eventMs, timestampMs) => source.next(eventMs, timestampMs),
      nextHot: (eventMs, timestampMs) => source.next(eventMs, timestampMs, hotCard),
      nextFraud(eventMs, timestampMs) {
        const card = stolenCard();
        return card && source.nextFraud(eventMs, timestampMs, card);
      },
      malformed: (random, { value }) => malformedTransaction(random, value),
    };
  };
}

/** The number of stolen cards. They stay the same for a whole run. */
const STOLEN_CARDS = 5;
const SHORTEST = 8;
const LONGEST = 20;
const MEAN_LENGTH = (SHORTEST + LONGEST) / 2;
/** The share of a spree's payments among the records during the spree. */
const DENSITY = 0.5;

/**
 * Determines which records are payments with stolen cards. A spree is 8 to 20 payments with one
 * card, in half of the records until it is over.
 *
 * @param rate share of such records in the long run
 */
function fraudSprees(random: Random, cards: readonly Card[], rate: number): () => Card | undefined {
  if (rate === 0) return () => undefined;
  const stolen: Card[] = [];
  while (stolen.length < STOLEN_CARDS) {
    const card = drawFrom(random, cards);
    if (!stolen.includes(card)) stolen.push(card);
  }
  // In the long run: payments of a spree / (records during it + records before the next begins) =
  // rate.
  const beginChance = 1 / (MEAN_LENGTH / rate - MEAN_LENGTH / DENSITY);
  let card: Card | undefined;
  let left = 0;
  return () => {
    if (left === 0) {
      if (random.fraction() >= beginChance) return undefined;
      card = drawFrom(random, stolen);
      left = SHORTEST + Math.floor(random.fraction() * (LONGEST - SHORTEST + 1));
      return undefined;
    }
    if (random.fraction() >= DENSITY) return undefined;
    left -= 1;
    return card;
  };
}
