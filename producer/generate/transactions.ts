import { z } from 'zod';
import { activityAt, declineChance } from './event-clock.ts';
import type { EventRecord } from './event-source.ts';
import { isoWriter } from './iso-time.ts';
import {
  type Card,
  type Category,
  type Currency,
  categories,
  currencies,
  type Outlet,
  type Place,
  type Population,
  places,
} from './population.ts';
import { drawFrom, drawNormal, drawUuid, type Random, weightedDraw } from './random.ts';

/** A record whose value is a whole transaction, as JSON. */
export interface TransactionRecord extends EventRecord {
  readonly key: string;
}

/** An endless supply of transactions. It knows no clock and no broker. */
export interface TransactionSource {
  /**
   * The next transaction at this event time (whole milliseconds since the epoch). This is the
   * record's time too, unless another is given.
   *
   * @param card who pays; drawn when it is not given
   */
  next(eventTimeMs: number, timestampMs?: number, card?: Card): TransactionRecord;
  /** A payment as thieves make them: a high amount in another country. */
  nextFraud(eventTimeMs: number, timestampMs: number, card: Card): TransactionRecord;
}

/** Options that make transactions more lifelike. */
interface GenerationOptions {
  /** Whether cards are used where it is day. */
  readonly hasDayAndNight: boolean;
}

/** The constant part of an outlet's transactions, as JSON. */
interface OutletText {
  readonly head: string;
  readonly tails: Readonly<Record<'approved' | 'declined' | 'reversed', string>>;
}

const SHARE_AWAY_FROM_HOME = 0.08;
const SHARE_REVERSED = 0.01;
const drawCategory = weightedDraw(
  categories,
  categories.map(({ weight }) => weight),
);
const FRAUD_CATEGORIES = categories.filter(({ name }) => ['online', 'electronics', 'travel'].includes(name));
/** Payments with stolen cards are this many times the normal amount. */
const FRAUD_FACTOR = 8;
const FRAUD_DECLINES = 0.35;

function outletText({ merchant, category, place, lat, lon }: Outlet): OutletText {
  const { currency, city, country } = place;
  const inner = (fields: object): string => JSON.stringify(fields).slice(1, -1);
  const tail = (status: string): string => `,${inner({ currency, status, city, country, lat, lon })}}`;
  return {
    head: `${inner({ merchant, category: category.name })},"amount":`,
    tails: { approved: tail('approved'), declined: tail('declined'), reversed: tail('reversed') },
  };
}

/** Every outlet's constant text, made once. */
function outletTexts(population: Population): ReadonlyMap<Outlet, OutletText> {
  const all = places.flatMap((place) =>
    categories.flatMap((category) => population.outlets(place, category)),
  );
  return new Map(all.map((outlet) => [outlet, outletText(outlet)]));
}

/**
 * Transactions of a population, drawn from one source of randomness. The same seed and times give
 * the same records.
 */
export function createRecordSource(
  population: Population,
  random: Random,
  { hasDayAndNight }: GenerationOptions = { hasDayAndNight: false },
): TransactionSource {
  const texts = outletTexts(population);
  const cardTexts = new Map(
    population.cards.map((card) => [card, `","user_id":"${card.userId}","card_id":"${card.cardId}",`]),
  );
  const iso = isoWriter('+00:00');
  const drawAnyCard = weightedDraw(
    population.cards,
    population.cards.map(({ weight }) => weight),
  );
  const drawCard = (timeMs: number): Card => {
    let card = drawAnyCard(random);
    while (hasDayAndNight && random.fraction() >= activityAt(card.home, timeMs)) card = drawAnyCard(random);
    return card;
  };
  const drawPlace = ({ home }: Card): Place =>
    random.fraction() < SHARE_AWAY_FROM_HOME ? drawFrom(random, places) : home;

  /** Log-normal around the category's median. The chance of a decline follows the amount. */
  const write = (
    { card, place, category, factor }: { card: Card; place: Place; category: Category; factor: number },
    eventTimeMs: number,
    timestampMs: number,
  ): TransactionRecord => {
    const outlet = drawFrom(random, population.outlets(place, category));
    const text = texts.get(outlet) as OutletText;
    const { decimals, unitsPerEuro } = currencies[place.currency] as Currency;
    const euros = factor * category.medianEuros * Math.exp(category.spread * drawNormal(random));
    const minorUnits = Math.max(1, Math.round(euros * unitsPerEuro * 10 ** decimals));
    const chance = factor === 1 ? declineChance(euros, place.country !== card.home.country) : FRAUD_DECLINES;
    const draw = random.fraction();
    const status = draw < chance ? 'declined' : draw < chance + SHARE_REVERSED ? 'reversed' : 'approved';
    const value = `{"txn_id":"${drawUuid(random)}","event_ts":"${iso(eventTimeMs)}${cardTexts.get(card)}${
      text.head
    }${amountText(minorUnits, decimals)}${text.tails[status]}`;
    return { key: card.cardId, value, timestampMs };
  };

  return {
    next(eventTimeMs, timestampMs = eventTimeMs, chosen) {
      const card = chosen ?? drawCard(eventTimeMs);
      return write(
        { card, place: drawPlace(card), category: drawCategory(random), factor: 1 },
        eventTimeMs,
        timestampMs,
      );
    },
    nextFraud(eventTimeMs, timestampMs, card) {
      let place = drawFrom(random, places);
      while (place.country === card.home.country) place = drawFrom(random, places);
      const category = drawFrom(random, FRAUD_CATEGORIES);
      return write({ card, place, category, factor: FRAUD_FACTOR }, eventTimeMs, timestampMs);
    },
  };
}

/** A transaction as the producer writes it: with every field and nothing else. */
export const transactionSchema = z.strictObject({
  txn_id: z.uuid(),
  /** ISO-8601 with a numeric offset. */
  event_ts: z.iso.datetime({ offset: true }),
  user_id: z.string().min(1),
  card_id: z.string().min(1),
  merchant: z.string().min(1),
  category: z.string().min(1),
  /** In units of the currency, at most two decimals. */
  amount: z.number().positive(),
  /** ISO 4217. */
  currency: z.string().regex(/^[A-Z]{3}$/),
  status: z.enum(['approved', 'declined', 'reversed']),
  city: z.string().min(1),
  /** ISO 3166-1 alpha-2. */
  country: z.string().regex(/^[A-Z]{2}$/),
  /** Degrees, WGS 84. */
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
});

/** One card transaction. */
export type Transaction = z.infer<typeof transactionSchema>;

/**
 * A decimal number from its count of minor units, as JSON.stringify would write it, without zeros
 * at the end.
 */
export function amountText(minorUnits: number, decimals: 0 | 2): string {
  if (decimals === 0) return String(minorUnits);
  const units = Math.floor(minorUnits / 100);
  const cents = minorUnits - units * 100;
  if (cents === 0) return String(units);
  return cents % 10 === 0
    ? `${units}.${cents / 10}`
    : cents < 10
      ? `${units}.0${cents}`
      : `${units}.${cents}`;
}
