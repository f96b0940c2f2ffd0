import type { Pipeline } from '../pipeline/model.ts';
import { columnsOfOutput } from './sink-columns.ts';
import { isSinkName, type OutputName, type SinkName } from './sinks.ts';

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
const PEEK_COLUMNS: Readonly<Record<SinkName, readonly PeekColumn[]>> = {
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

/** The columns that are shown of a sink or gold table: of the latter the window and all others. */
export function peekColumns(pipeline: Pipeline, output: OutputName): readonly PeekColumn[] {
  if (isSinkName(output)) return PEEK_COLUMNS[output];
  const { window_start, window_end, ...others } = columnsOfOutput(pipeline, output);
  return Object.entries({ window_start, window_end, ...others }).map(([name, type = '']) => {
    if (type === 'TIMESTAMP') return column(name, 'instant');
    return /^(BIGINT|DOUBLE|DECIMAL)/.test(type) ? column(name, 'numeric') : column(name);
  });
}

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
