import { categories } from './categories.ts';
import { drawFrom, drawNormal, drawUuid, weighted } from './draw.ts';
import { type Currency, currencies, places } from './places.ts';
import type { Card, Outlet, Population } from './population.ts';
import type { Random } from './random.ts';
import type { Transaction } from './transaction.ts';

/** What the topic gets: the key decides the partition, so that a card's records stay in order. */
export interface OutgoingRecord {
  /** The card's id. */
  readonly key: string;
  /** A {@link Transaction} as JSON. */
  readonly value: string;
  /** The record's time in Kafka: milliseconds since the epoch. */
  readonly timestampMs: number;
}

/** An endless supply of records; it knows no clock and no broker. */
export interface RecordSource {
  /** The next record, for an event at this time (milliseconds since the epoch). */
  next(eventTimeMs: number): OutgoingRecord;
}

const SHARE_AWAY_FROM_HOME = 0.08;
const statuses = weighted<Transaction['status']>([
  ['approved', 93],
  ['declined', 6],
  ['reversed', 1],
]);
const categoryDraws = weighted(categories.map((category) => [category, category.weight]));

/** ISO-8601 in UTC with milliseconds and a numeric offset, as in `2026-01-01T12:00:00.123+00:00`. */
const isoWithOffset = (timeMs: number): string => `${new Date(timeMs).toISOString().slice(0, -1)}+00:00`;

function drawOutlet(random: Random, population: Population, card: Card): Outlet {
  const place = random.fraction() < SHARE_AWAY_FROM_HOME ? drawFrom(random, places) : card.home;
  return drawFrom(random, population.outlets(place, drawFrom(random, categoryDraws)));
}

/** Log-normal around the category's median, in whole minor units: the quotient prints with at most two decimals. */
function drawAmount(random: Random, { category, place }: Outlet): number {
  const { decimals, unitsPerEuro } = currencies[place.currency] as Currency;
  const euros = category.medianEuros * Math.exp(category.spread * drawNormal(random));
  const minorUnitsPerUnit = 10 ** decimals;
  return Math.max(1, Math.round(euros * unitsPerEuro * minorUnitsPerUnit)) / minorUnitsPerUnit;
}

/** Transactions of a population, drawn from one source of chance: the same seed gives the same records. */
export function createRecordSource(population: Population, random: Random): RecordSource {
  return {
    next(eventTimeMs) {
      const card = drawFrom(random, population.cards);
      const outlet = drawOutlet(random, population, card);
      const transaction: Transaction = {
        txn_id: drawUuid(random),
        event_ts: isoWithOffset(eventTimeMs),
        user_id: card.userId,
        card_id: card.cardId,
        merchant: outlet.merchant,
        category: outlet.category.name,
        amount: drawAmount(random, outlet),
        currency: outlet.place.currency,
        status: drawFrom(random, statuses),
        city: outlet.place.city,
        country: outlet.place.country,
        lat: outlet.lat,
        lon: outlet.lon,
      };
      return { key: card.cardId, value: JSON.stringify(transaction), timestampMs: eventTimeMs };
    },
  };
}
