/** How the producer makes events of a pipeline: `generate` of pipeline.json. */
export interface Generation {
  /** Where events come from. Absent: `sample` where the folder has a sample.jsonl, else `contract`. */
  readonly strategy?: Strategy;
  /** Fields of the event that have another value in every event: the contract's primary key. */
  readonly unique?: readonly string[];
  readonly fields?: readonly FieldHint[];
}

/** The card transactions that ship with the product, replayed real events, or made-up ones. */
export const STRATEGIES = ['transactions', 'sample', 'contract'] as const;
type Strategy = (typeof STRATEGIES)[number];

/** Events of a pipeline's folder, one in a line, that the strategy `sample` replays. */
export const SAMPLE_FILE = 'sample.jsonl';

/** What the author says about the values of one field. */
export interface FieldHint {
  readonly path: FieldPath;
  readonly hint: Hint;
}

/** Names from the event to a field. Null stands for each element of an array. */
export type FieldPath = readonly (string | null)[];

export interface Hint {
  /** How values are made. Absent: as without a hint. */
  readonly values?: ValueHint;
  /** Share of events whose value is null. */
  readonly nullShare?: number;
  /** Elements of an array, both ends included, each length as likely. */
  readonly length?: { readonly min: number; readonly max: number };
}

/**
 * Constants are texts as in constraints: a number as its digits, a date or time as the event has it.
 */
export type ValueHint =
  | { readonly kind: 'lognormal'; readonly median: number; readonly spread: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly stddev: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  /** A population of so many values, of which the one of rank r has the weight r^-exponent. */
  | { readonly kind: 'zipf'; readonly count: number; readonly exponent: number }
  | { readonly kind: 'values'; readonly values: readonly string[]; readonly weights: readonly number[] }
  | { readonly kind: 'sequence'; readonly start: number; readonly step: number }
  | { readonly kind: 'same_as'; readonly path: FieldPath }
  | { readonly kind: 'faker'; readonly method: FakerMethod };

/** The methods of faker that a hint can name. */
export const FAKER_METHODS = [
  'airline.airport',
  'airline.flightNumber',
  'animal.type',
  'book.title',
  'color.human',
  'commerce.department',
  'commerce.product',
  'commerce.productName',
  'company.catchPhrase',
  'company.name',
  'finance.bic',
  'finance.currencyCode',
  'finance.iban',
  'hacker.phrase',
  'internet.domainName',
  'internet.email',
  'internet.httpMethod',
  'internet.ipv4',
  'internet.ipv6',
  'internet.mac',
  'internet.url',
  'internet.userAgent',
  'internet.username',
  'location.city',
  'location.country',
  'location.countryCode',
  'location.state',
  'location.streetAddress',
  'location.timeZone',
  'location.zipCode',
  'lorem.sentence',
  'lorem.slug',
  'lorem.word',
  'lorem.words',
  'music.genre',
  'person.firstName',
  'person.fullName',
  'person.jobTitle',
  'person.lastName',
  'phone.number',
  'string.alphanumeric',
  'string.hexadecimal',
  'string.nanoid',
  'string.ulid',
  'string.uuid',
  'system.commonFileName',
  'system.fileName',
  'system.mimeType',
  'system.semver',
  'vehicle.manufacturer',
  'vehicle.model',
  'vehicle.vin',
  'word.noun',
] as const;
export type FakerMethod = (typeof FAKER_METHODS)[number];
