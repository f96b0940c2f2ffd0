import type { TopicReader } from '../../kafka/record-batch.ts';
import type { Database } from '../../lake/database.ts';
import type { PartitionState } from '../lineage.ts';
import type { NotCompared } from '../report.ts';
import type { ExpectedTable } from './expected-rows.ts';

/** Rows per insert into the database: some ten megabytes. */
const ROWS_AT_ONCE = 20_480;

/** Offsets of a partition that were read, [from, to). */
export interface ReadRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** What the topic had of the records that the job read. */
export interface LoadedTopic {
  readonly ranges: readonly ReadRange[];
  /** Records read. */
  readonly records: number;
  /**
   * Offsets that hold nothing any more because compaction removed it, before or after the job read
   * it.
   */
  readonly compacted: number;
  /** Offsets of records whose transactions were aborted. */
  readonly aborted: readonly ReadRange[];
  /** Whether the topic may no longer have records that the job read. */
  readonly incomplete: boolean;
  readonly notCompared: readonly NotCompared[];
}

/** What is read, and into which table. */
export interface ExpectedOptions {
  readonly table: ExpectedTable;
  readonly source: TopicReader;
  readonly states: readonly PartitionState[];
  readonly signal: AbortSignal | undefined;
  /** Receives the number of offsets that were read, and of all that are to be read. */
  readonly onProgress: (offsets: number, of: number) => void;
}

/**
 * Reads the topic from where the job began up to the last committed micro-batch, and fills the
 * table `expected` with what each record should become. Memory does not grow with the records.
 */
export async function loadExpected(database: Database, options: ExpectedOptions): Promise<LoadedTopic> {
  const { source, signal, table } = options;
  await database.run(table.createSql);
  const ranges = options.states.map(readable).filter(({ from, to }) => from < to);
  const all = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  let done = 0;
  let records = 0;
  let compacted = 0;
  const aborted: ReadRange[] = [];
  for (const { partition, from, to } of ranges) {
    let rows = table.rows(partition);
    for await (const part of source.read(partition, from, to, signal)) {
      const offsets = part.to - part.from;
      for (const record of part.records) rows.add(record);
      if (part.content === 'record') compacted += offsets - part.records.length;
      if (part.content === 'compacted') compacted += offsets;
      if (part.content === 'aborted') aborted.push({ partition, from: part.from, to: part.to });
      records += part.records.length;
      done += offsets;
      if (rows.length < ROWS_AT_ONCE) continue;
      await database.append('expected', rows.columns());
      rows = table.rows(partition);
      options.onProgress(done, all);
    }
    await database.append('expected', rows.columns());
  }
  options.onProgress(all, all);
  const gone = options.states.reduce((sum, state) => sum + goneFrom(state), 0);
  return {
    ranges,
    records,
    compacted,
    aborted,
    incomplete: gone + compacted > 0,
    notCompared:
      gone === 0
        ? []
        : [{ sink: 'bronze', reason: 'records are no longer in the topic to be compared with', count: gone }],
  };
}

/** The committed range of a partition that the topic still has. */
function readable({ partition, begin, start, committed, end }: PartitionState): ReadRange {
  return { partition, from: Math.max(start, begin ?? 0), to: Math.min(committed, end ?? 0) };
}

function goneFrom({ begin, start, committed }: PartitionState): number {
  return Math.max(0, Math.min(begin ?? committed, committed) - start);
}
