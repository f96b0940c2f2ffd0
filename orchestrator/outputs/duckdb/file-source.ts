import type { SinkFile } from '../committed-files.ts';
import { SINKS, type SinkName } from '../sinks.ts';
import { sqlText } from './database.ts';

/** Columns of raw_csv in the contract's order; read as text, since comparing needs no types. */
const RAW_CSV_COLUMNS = [
  'txn_id',
  'event_time',
  'user_id',
  'card_id',
  'merchant',
  'category',
  'amount',
  'currency',
  'status',
  'city',
  'country',
  'lat',
  'lon',
];

/**
 * The table function that reads files of a sink, with the column `filename`. Settings that DuckDB would guess from paths or
 * content are fixed, so that neither a folder named `a=b` nor a strange value changes what is read.
 */
export function sourceOf(sink: SinkName, files: readonly SinkFile[]): string {
  const list = `[${files.map(({ path }) => sqlText(literalGlob(path))).join(',')}]`;
  if (SINKS[sink].extension === 'parquet') {
    return `read_parquet(${list}, filename = true, hive_partitioning = false, union_by_name = false)`;
  }
  const columns = RAW_CSV_COLUMNS.map((name) => `${sqlText(name)}: 'VARCHAR'`).join(', ');
  return `read_csv(${list}, filename = true, hive_partitioning = false, auto_detect = false, header = true,
    columns = {${columns}}, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false, parallel = false,
    max_line_size = 8388608, buffer_size = 16777216)`;
}

/** The batch of a row's file, as SQL over the column `filename`. */
export const BATCH_OF_FILENAME = `regexp_extract(filename, '_([0-9]+)\\.[a-z]+$', 1)::BIGINT`;

/** DuckDB takes every path for a pattern: a bracket expression of one character stands for that character. */
function literalGlob(path: string): string {
  return path.replace(/[[*?]/g, (special) => `[${special}]`);
}
