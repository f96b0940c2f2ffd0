import type { GoldTable, Pipeline } from '../pipeline/model.ts';
import type { SinkFile } from './committed-files.ts';
import type { Database } from './duckdb/database.ts';
import { relationOf } from './duckdb/file-source.ts';
import { columnsOfOutput } from './sink-columns.ts';

/** A card in the newest closed windows of gold. */
export interface GoldCard {
  readonly card_id: string;
  readonly txn_count: number;
  /** Decimal, as text. */
  readonly sum_amount: string;
  readonly max_amount: string;
  /** Transactions by window, oldest window first; 0 where gold has no row. */
  readonly txn_counts: readonly number[];
}

/** The newest closed windows and who was most active in them. */
export interface GoldOverview {
  /** Start of the oldest and of the newest window, ISO-8601 with Z. */
  readonly from: string;
  readonly to: string;
  /** Windows from the one to the other, those without a row included. */
  readonly windows: number;
  /** The most active first. */
  readonly cards: readonly GoldCard[];
}

const MOST_WINDOWS = 30;
const MOST_CARDS = 8;
const WINDOW_MS = 60_000;

/** Whether a table has what is shown of cards: the product's own pipeline has one. */
export function isOfCards({ groupBy, windowMs, slideMs, measures }: GoldTable): boolean {
  const names = measures.map(({ name }) => name);
  return (
    groupBy.join() === 'card_id' &&
    windowMs === WINDOW_MS &&
    slideMs === WINDOW_MS &&
    ['txn_count', 'sum_amount', 'max_amount'].every((name) => names.includes(name))
  );
}

/**
 * The most active cards of the newest closed one-minute windows.
 * @returns null when gold has no rows yet
 */
export async function goldOverview(
  database: Database,
  pipeline: Pipeline,
  table: GoldTable,
  files: readonly SinkFile[],
): Promise<GoldOverview | null> {
  if (files.length === 0) return null;
  const rows = await database.all(`
    WITH gold AS (${relationOf(table.name, columnsOfOutput(pipeline, table.name), files)}),
      minutes AS (SELECT *, epoch_ms(window_start) // ${WINDOW_MS} AS minute FROM gold),
      newest AS (FROM minutes WHERE minute > (SELECT max(minute) FROM minutes) - ${MOST_WINDOWS}),
      cards AS (SELECT card_id, sum(txn_count) AS total, sum(sum_amount) AS amount, max(max_amount) AS largest
        FROM newest GROUP BY card_id ORDER BY total DESC, amount DESC, card_id LIMIT ${MOST_CARDS})
    SELECT (SELECT min(minute) FROM newest) AS first, (SELECT max(minute) FROM newest) AS last,
      card_id, total, amount::VARCHAR, largest::VARCHAR, minute, sum(txn_count)
    FROM newest JOIN cards USING (card_id) GROUP BY card_id, total, amount, largest, minute ORDER BY total DESC, amount DESC, card_id`);
  const [newest] = rows;
  if (!newest) return null;
  const [first, last] = [Number(newest[0]), Number(newest[1])];
  const cards = new Map<string, GoldCard & { readonly txn_counts: number[] }>();
  for (const [, , card, total, amount, largest, minute, count] of rows) {
    const known = cards.get(String(card)) ?? {
      card_id: String(card),
      txn_count: Number(total),
      sum_amount: String(amount),
      max_amount: String(largest),
      txn_counts: new Array<number>(last - first + 1).fill(0),
    };
    known.txn_counts[Number(minute) - first] = Number(count);
    cards.set(known.card_id, known);
  }
  return { from: isoOf(first), to: isoOf(last), windows: last - first + 1, cards: [...cards.values()] };
}

const isoOf = (minute: number): string => new Date(minute * WINDOW_MS).toISOString().replace('.000Z', 'Z');
