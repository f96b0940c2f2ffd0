import { drawFrom } from '../draw.ts';
import type { Card } from '../population.ts';
import type { Random } from '../random.ts';

/** So many cards are stolen; they stay the same for a whole run. */
export const STOLEN_CARDS = 5;
const SHORTEST = 8;
const LONGEST = 20;
const MEAN_LENGTH = (SHORTEST + LONGEST) / 2;
/** Of the records during a spree, this share are its payments. */
const DENSITY = 0.5;

/**
 * Says which records are payments with stolen cards. A spree is 8 to 20 payments with one card, in half of the records until
 * it is over.
 *
 * @param rate share of such records in the long run
 */
export function fraudSprees(random: Random, cards: readonly Card[], rate: number): () => Card | undefined {
  if (rate === 0) return () => undefined;
  const stolen: Card[] = [];
  while (stolen.length < STOLEN_CARDS) {
    const card = drawFrom(random, cards);
    if (!stolen.includes(card)) stolen.push(card);
  }
  // In the long run: payments of a spree / (records during it + records before the next begins) = rate.
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
