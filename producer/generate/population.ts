import { faker } from '@faker-js/faker/locale/en';
import { drawFrom, type Random, seededRandom } from './random.ts';

/**
 * A point of sale. It stays in one place, belongs to one category and takes the currency of its
 * place.
 */
export interface Outlet {
  readonly merchant: string;
  readonly category: Category;
  readonly place: Place;
  /** Degrees, WGS 84, four decimals (about 10 m), within a few kilometres of the city's centre. */
  readonly lat: number;
  readonly lon: number;
}

/** A payment card and where it is mostly used. */
export interface Card {
  readonly cardId: string;
  readonly userId: string;
  readonly home: Place;
  /**
   * Share of all transactions as a weight relative to the other cards; see {@link ZIPF_EXPONENT}.
   */
  readonly weight: number;
}

/** Who pays where. */
export interface Population {
  readonly cards: readonly Card[];
  /** Outlets of a place by the category's name; every place has every category. */
  outlets(place: Place, category: Category): readonly Outlet[];
}

/** The card of rank r is used in proportion to r to the power of minus this. */
const ZIPF_EXPONENT = 0.8;

const USERS = 600;
const MOST_CARDS_OF_A_USER = 3;
const OUTLETS_PER_PLACE_AND_CATEGORY = 4;
const CITY_RADIUS_DEGREES = 0.05;
// Fixed: cards and merchants outlive a run of the producer, as they do in reality.
const POPULATION_SEED = 20_260_101;

const rounded = (degrees: number): number => Math.round(degrees * 10_000) / 10_000;
const numbered = (prefix: string, number: number): string => `${prefix}_${String(number).padStart(5, '0')}`;

/** A name that no merchant has yet, so that a merchant belongs to one category. */
function newName(taken: Set<string>): string {
  let name = faker.company.name();
  while (taken.has(name)) name = faker.company.name();
  taken.add(name);
  return name;
}

/** The numbers from 1 to count in random order (Fisher and Yates). */
function ranks(random: Random, count: number): readonly number[] {
  const order = Array.from({ length: count }, (_, index) => index + 1);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random.fraction() * (last + 1));
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}

/** Builds the only population: the same users, cards and outlets in every run. */
export function createPopulation(): Population {
  const random = seededRandom([POPULATION_SEED, 2, 3, 4]);
  faker.seed(POPULATION_SEED);
  const jitter = (): number => (random.fraction() * 2 - 1) * CITY_RADIUS_DEGREES;

  const names = new Set<string>();
  const outlets = new Map<Place, Map<Category, Outlet[]>>();
  for (const place of places) {
    const byCategory = new Map<Category, Outlet[]>();
    for (const category of categories) {
      const list = Array.from({ length: OUTLETS_PER_PLACE_AND_CATEGORY }, () => ({
        merchant: newName(names),
        category,
        place,
        lat: rounded(place.lat + jitter()),
        lon: rounded(place.lon + jitter()),
      }));
      byCategory.set(category, list);
    }
    outlets.set(place, byCategory);
  }

  const owners: Omit<Card, 'weight'>[] = [];
  for (let user = 1; user <= USERS; user++) {
    const home = drawFrom(random, places);
    const count = 1 + Math.floor(random.fraction() * MOST_CARDS_OF_A_USER);
    for (let card = 0; card < count; card++) {
      owners.push({ cardId: numbered('card', owners.length + 1), userId: numbered('user', user), home });
    }
  }
  const rankOf = ranks(random, owners.length);

  return {
    cards: owners.map((owner, index) => ({ ...owner, weight: (rankOf[index] as number) ** -ZIPF_EXPONENT })),
    outlets: (place, category) => {
      const list = outlets.get(place)?.get(category);
      if (!list) throw new RangeError(`no outlets for ${category.name} in ${place.city}`);
      return list;
    },
  };
}

/** A city where cards are used, with its matching data. */
export interface Place {
  readonly city: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** ISO 4217 code of the currency that is legal tender there. */
  readonly currency: string;
  /** Degrees north of the city's centre, WGS 84. */
  readonly lat: number;
  /** Degrees east of the city's centre, WGS 84. */
  readonly lon: number;
}

/** How amounts are written in a currency. */
export interface Currency {
  /**
   * Decimals of the minor unit (ISO 4217), never more than two here: the job keeps decimal(18,2).
   */
  readonly decimals: 0 | 2;
  /** Rough price level: how many units cost what one euro does. Only magnitudes matter. */
  readonly unitsPerEuro: number;
}

export const places: readonly Place[] = [
  { city: 'Amsterdam', country: 'NL', currency: 'EUR', lat: 52.3676, lon: 4.9041 },
  { city: 'Athens', country: 'GR', currency: 'EUR', lat: 37.9838, lon: 23.7275 },
  { city: 'Barcelona', country: 'ES', currency: 'EUR', lat: 41.3874, lon: 2.1686 },
  { city: 'Berlin', country: 'DE', currency: 'EUR', lat: 52.52, lon: 13.405 },
  { city: 'Dublin', country: 'IE', currency: 'EUR', lat: 53.3498, lon: -6.2603 },
  { city: 'Lisbon', country: 'PT', currency: 'EUR', lat: 38.7223, lon: -9.1393 },
  { city: 'Milan', country: 'IT', currency: 'EUR', lat: 45.4642, lon: 9.19 },
  { city: 'Paris', country: 'FR', currency: 'EUR', lat: 48.8566, lon: 2.3522 },
  { city: 'Vienna', country: 'AT', currency: 'EUR', lat: 48.2082, lon: 16.3738 },
  { city: 'London', country: 'GB', currency: 'GBP', lat: 51.5074, lon: -0.1278 },
  { city: 'Manchester', country: 'GB', currency: 'GBP', lat: 53.4808, lon: -2.2426 },
  { city: 'Zürich', country: 'CH', currency: 'CHF', lat: 47.3769, lon: 8.5417 },
  { city: 'Kraków', country: 'PL', currency: 'PLN', lat: 50.0647, lon: 19.945 },
  { city: 'Stockholm', country: 'SE', currency: 'SEK', lat: 59.3293, lon: 18.0686 },
  { city: 'New York', country: 'US', currency: 'USD', lat: 40.7128, lon: -74.006 },
  { city: 'Chicago', country: 'US', currency: 'USD', lat: 41.8781, lon: -87.6298 },
  { city: 'San Francisco', country: 'US', currency: 'USD', lat: 37.7749, lon: -122.4194 },
  { city: 'Toronto', country: 'CA', currency: 'CAD', lat: 43.6532, lon: -79.3832 },
  { city: 'Ciudad de México', country: 'MX', currency: 'MXN', lat: 19.4326, lon: -99.1332 },
  { city: 'São Paulo', country: 'BR', currency: 'BRL', lat: -23.5505, lon: -46.6333 },
  { city: 'Mumbai', country: 'IN', currency: 'INR', lat: 19.076, lon: 72.8777 },
  { city: 'Singapore', country: 'SG', currency: 'SGD', lat: 1.3521, lon: 103.8198 },
  { city: 'Sydney', country: 'AU', currency: 'AUD', lat: -33.8688, lon: 151.2093 },
  { city: 'Tokyo', country: 'JP', currency: 'JPY', lat: 35.6762, lon: 139.6503 },
];

/** Every currency of {@link places}. */
export const currencies: Readonly<Record<string, Currency>> = {
  EUR: { decimals: 2, unitsPerEuro: 1 },
  GBP: { decimals: 2, unitsPerEuro: 0.85 },
  CHF: { decimals: 2, unitsPerEuro: 0.95 },
  PLN: { decimals: 2, unitsPerEuro: 4.3 },
  SEK: { decimals: 2, unitsPerEuro: 11 },
  USD: { decimals: 2, unitsPerEuro: 1.1 },
  CAD: { decimals: 2, unitsPerEuro: 1.5 },
  MXN: { decimals: 2, unitsPerEuro: 20 },
  BRL: { decimals: 2, unitsPerEuro: 6 },
  INR: { decimals: 2, unitsPerEuro: 95 },
  SGD: { decimals: 2, unitsPerEuro: 1.45 },
  AUD: { decimals: 2, unitsPerEuro: 1.7 },
  JPY: { decimals: 0, unitsPerEuro: 165 },
};

/** A kind of merchant and what people spend there. */
export interface Category {
  readonly name: string;
  /** Share of all transactions, as a weight relative to the other categories. */
  readonly weight: number;
  /** Half of the amounts are below this many euros. */
  readonly medianEuros: number;
  /**
   * Standard deviation of the amount's logarithm: amounts are log-normal, many small and few large.
   */
  readonly spread: number;
}

export const categories: readonly Category[] = [
  { name: 'groceries', weight: 28, medianEuros: 27, spread: 0.8 },
  { name: 'restaurants', weight: 20, medianEuros: 19, spread: 0.7 },
  { name: 'transport', weight: 14, medianEuros: 6, spread: 0.8 },
  { name: 'fuel', weight: 8, medianEuros: 48, spread: 0.4 },
  { name: 'online', weight: 12, medianEuros: 32, spread: 1 },
  { name: 'health', weight: 5, medianEuros: 22, spread: 0.8 },
  { name: 'entertainment', weight: 6, medianEuros: 16, spread: 0.7 },
  { name: 'utilities', weight: 3, medianEuros: 74, spread: 0.5 },
  { name: 'electronics', weight: 2, medianEuros: 140, spread: 1 },
  { name: 'travel', weight: 2, medianEuros: 210, spread: 0.9 },
];
