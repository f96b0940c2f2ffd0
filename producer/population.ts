import { faker } from '@faker-js/faker/locale/en';
import { type Category, categories } from './categories.ts';
import { drawFrom } from './draw.ts';
import { type Place, places } from './places.ts';
import { type Random, seededRandom } from './random.ts';

/** A point of sale: it stays where it is, sells one kind of thing and takes the currency of its place. */
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
  /** Share of all transactions as a weight relative to the other cards; see {@link ZIPF_EXPONENT}. */
  readonly weight: number;
}

/** Who pays where. */
export interface Population {
  readonly cards: readonly Card[];
  /** Outlets of a place by the category's name; every place has every category. */
  outlets(place: Place, category: Category): readonly Outlet[];
}

/** The card of rank r is used in proportion to r to the power of minus this. */
export const ZIPF_EXPONENT = 0.8;

const USERS = 600;
const MOST_CARDS_OF_A_USER = 3;
const OUTLETS_PER_PLACE_AND_CATEGORY = 4;
const CITY_RADIUS_DEGREES = 0.05;
// Fixed: cards and merchants outlive a run of the producer, as they do in life.
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

/** The numbers from 1 to count in an order of chance (Fisher and Yates). */
function ranks(random: Random, count: number): readonly number[] {
  const order = Array.from({ length: count }, (_, index) => index + 1);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random.fraction() * (last + 1));
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}

/** Builds the one population there is: the same users, cards and outlets in every run. */
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
