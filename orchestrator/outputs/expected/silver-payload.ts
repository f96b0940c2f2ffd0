/** The text columns of silver that come from the value. */
export const TEXT_COLUMNS = [
  'txn_id',
  'user_id',
  'card_id',
  'merchant',
  'category',
  'currency',
  'status',
  'city',
  'country',
] as const;

/** What a silver row takes from its record's value. */
export interface SilverPayload {
  /** In the order of TEXT_COLUMNS. */
  readonly texts: readonly (string | null)[];
  /** The amount in hundredths. */
  readonly cents: bigint;
  readonly lat: number | null;
  readonly lon: number | null;
  /** Unix microseconds. */
  readonly eventUs: bigint;
}

/** The card that a silver row's gold window belongs to. */
export function cardOf({ texts }: SilverPayload): string | null {
  return texts[CARD] ?? null;
}

const CARD = TEXT_COLUMNS.indexOf('card_id');
