import type { Database } from '../../duckdb/database.ts';
import type { PartitionState } from '../compare-topic.ts';
import type { NotCompared } from '../verify-report.ts';
import { EXPECTED_TABLE_SQL, ExpectedRows } from './expected-rows.ts';
import type { RecordSource } from './record-source.ts';

/** Rows that are handed to the database at once: some ten megabytes of them. */
const ROWS_AT_ONCE = 20_480;

/** Offsets of a partition that were read, [from, to). */
export interface ReadRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

export interface LoadedTopic {
  readonly ranges: readonly ReadRange[];
  /** Records read. */
  readonly records: number;
  /** Whether the topic no longer has records that the job had read. */
  readonly incomplete: boolean;
  readonly notCompared: readonly NotCompared[];
}

export interface ExpectedOptions {
  readonly source: RecordSource;
  readonly states: readonly PartitionState[];
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (records: number, of: number) => void;
}

/**
 * Reads the topic from where the job began up to the last committed micro-batch, and puts what each record should become into the
 * table `expected`. Memory does not grow with the records.
 */
export async function loadExpected(database: Database, options: ExpectedOptions): Promise<LoadedTopic> {
  const { source, signal } = options;
  await database.run(EXPECTED_TABLE_SQL);
  const ranges = options.states.map(readable).filter(({ from, to }) => from < to);
  const all = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  let records = 0;
  for (const { partition, from, to } of ranges) {
    let rows = new ExpectedRows(partition);
    for await (const some of source.read(partition, from, to, signal)) {
      for (const record of some) rows.add(record);
      records += some.length;
      if (rows.length < ROWS_AT_ONCE) continue;
      await database.append('expected', rows.columns());
      rows = new ExpectedRows(partition);
      options.onProgress(records, all);
    }
    await database.append('expected', rows.columns());
  }
  options.onProgress(records, all);
  const gone = options.states.reduce((sum, state) => sum + goneFrom(state), 0);
  return {
    ranges,
    records,
    incomplete: gone > 0,
    notCompared:
      gone === 0
        ? []
        : [{ sink: 'bronze', reason: 'records are no longer in the topic to be compared with', count: gone }],
  };
}

/** What of a partition was committed and is still there. */
function readable({ partition, begin, start, committed, end }: PartitionState): ReadRange {
  return { partition, from: Math.max(start, begin ?? 0), to: Math.min(committed, end ?? 0) };
}

function goneFrom({ begin, start, committed }: PartitionState): number {
  return Math.max(0, Math.min(begin ?? committed, committed) - start);
}
