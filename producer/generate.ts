import { type Category, categories } from './categories.ts';
import { activityAt } from './day-night.ts';
import { declineChance } from './declines.ts';
import { drawFrom, drawNormal, drawUuid } from './draw.ts';
import { amountText, isoWriter } from './event-text.ts';
import { type Currency, currencies, type Place, places } from './places.ts';
import type { Card, Outlet, Population } from './population.ts';
import type { Random } from './random.ts';
import type { OutgoingRecord } from './record.ts';
import { weightedDraw } from './weighted-draw.ts';

/** A record whose value is a whole transaction, as JSON. */
export interface TransactionRecord extends OutgoingRecord {
  readonly value: string;
}

/** An endless supply of transactions; it knows no clock and no broker. */
export interface TransactionSource {
  /**
   * The next transaction, at this event time (whole milliseconds since the epoch), which is the record's time too unless
   * another is given.
   *
   * @param card who pays; drawn when it is not given
   */
  next(eventTimeMs: number, timestampMs?: number, card?: Card): TransactionRecord;
  /** A payment as thieves make them: a high amount in another country. */
  nextFraud(eventTimeMs: number, timestampMs: number, card: Card): TransactionRecord;
}

/** How lifelike transactions are beyond the usual. */
interface GenerationOptions {
  /** Cards are used where it is day. */
  readonly hasDayAndNight: boolean;
}

/** What never changes about an outlet's transactions, as JSON. */
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
/** Stolen cards are used for this many times the usual amount. */
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

/** Transactions of a population, drawn from one source of chance: the same seed and times give the same records. */
export function createRecordSource(
  population: Population,
  random: Random,
  { hasDayAndNight }: GenerationOptions = { hasDayAndNight: false },
): TransactionSource {
  const texts = outletTexts(population);
  const cardTexts = new Map(
    population.cards.map((card) => [card, `","user_id":"${card.userId}","card_id":"${card.cardId}",`]),
  );
  const iso = isoWriter();
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

  /** Log-normal around the category's median, declined as such amounts are. */
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
    const fate = random.fraction();
    const status = fate < chance ? 'declined' : fate < chance + SHARE_REVERSED ? 'reversed' : 'approved';
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
