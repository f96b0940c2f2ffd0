import { TEXT_COLUMNS } from '../expected/silver-payload.ts';

/** How much of a row raw_csv and silver are compared by. */
export type CsvScope = 'txn_id' | 'all columns';

interface CsvColumn {
  readonly name: string;
  /** The column's value in silver and in raw_csv, as SQL of one type. */
  readonly silver: string;
  readonly csv: string;
}

/** Silver's payload. In raw_csv all is text; instants and numbers are compared as such, the amount by its digits. */
export const CSV_COLUMNS: readonly CsvColumn[] = [
  ...TEXT_COLUMNS.map((name) => ({ name, silver: name, csv: name })),
  {
    name: 'event_time',
    silver: 'epoch_us(event_time)',
    csv: 'epoch_us(try_cast(event_time AS TIMESTAMPTZ))',
  },
  { name: 'amount', silver: 'amount::VARCHAR', csv: 'amount' },
  { name: 'lat', silver: 'lat', csv: 'try_cast(lat AS DOUBLE)' },
  { name: 'lon', silver: 'lon', csv: 'try_cast(lon AS DOUBLE)' },
];

/** A hash of what a row is compared by, as SQL. */
export function rowHash(sink: 'silver' | 'raw_csv', scope: CsvScope): string {
  if (scope === 'txn_id') return 'hash(txn_id)';
  return `hash(${CSV_COLUMNS.map((column) => (sink === 'silver' ? column.silver : column.csv)).join(', ')})`;
}
