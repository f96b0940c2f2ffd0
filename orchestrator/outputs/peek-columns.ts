import type { SinkName } from './sinks.ts';

/** A column that `peek` shows. */
export interface PeekColumn {
  readonly name: string;
  /** Its text, as SQL. */
  readonly sql: string;
  readonly numeric: boolean;
  /** An instant, shown in UTC. */
  readonly instant: boolean;
  /** Bytes of a record as they came, so perhaps not UTF-8. */
  readonly asItCame: boolean;
}

type Trait = 'numeric' | 'instant' | 'asItCame';

/** The columns that tell most about a row, in the order in which they are shown. */
export const PEEK_COLUMNS: Readonly<Record<SinkName, readonly PeekColumn[]>> = {
  bronze: [
    column('kafka_ts', 'instant'),
    column('partition', 'numeric'),
    column('offset', 'numeric'),
    column('key', 'asItCame'),
    column('value', 'asItCame'),
  ],
  silver: [
    column('event_time', 'instant'),
    column('card_id'),
    column('amount', 'numeric'),
    column('currency'),
    column('status'),
    column('merchant'),
    column('city'),
    column('txn_id'),
  ],
  quarantine: [
    column('bad_ingest_ts', 'instant'),
    column('partition', 'numeric'),
    column('offset', 'numeric'),
    column('reason'),
    column('bad_json', 'asItCame'),
  ],
  gold: [
    column('window_start', 'instant'),
    column('window_end', 'instant'),
    column('card_id'),
    column('txn_count', 'numeric'),
    column('sum_amount', 'numeric'),
    column('avg_amount', 'numeric'),
    column('max_amount', 'numeric'),
  ],
  raw_csv: [
    column('event_time'),
    column('card_id'),
    column('amount', 'numeric'),
    column('currency'),
    column('status'),
    column('merchant'),
    column('city'),
    column('txn_id'),
  ],
};

function column(name: string, ...traits: readonly Trait[]): PeekColumn {
  const instant = traits.includes('instant');
  return {
    name,
    sql: instant ? `strftime("${name}"::TIMESTAMP, '%Y-%m-%d %H:%M:%S')` : `"${name}"::VARCHAR`,
    numeric: traits.includes('numeric'),
    instant,
    asItCame: traits.includes('asItCame'),
  };
}
