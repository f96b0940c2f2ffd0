import type { Database } from '../duckdb/database.ts';
import type { PartitionOffsets } from '../offset-log.ts';
import { type PruneLedger, readPruneLedgers } from '../prune-ledger.ts';
import type { SinkName } from '../sinks.ts';
import { compareOffsets } from './compare-offsets.ts';
import { expectedRanges, type PartitionState } from './compare-topic.ts';
import type { DifferenceLog } from './difference.ts';
import { noteDoubledInFiles } from './doubled-in-file.ts';
import { explainGaps } from './explain-gaps.ts';
import { noteFiles } from './note-files.ts';
import { firstBronzeOffsets, foreignRows, surveyedBuckets, surveyOffsets } from './survey-offsets.ts';
import type { TopicReader } from './topic-reader.ts';
import type { NotCompared } from './verify-report.ts';

const START_UNKNOWN: NotCompared = {
  sink: 'bronze',
  reason:
    'the ledger does not tell at which offsets the unpruned files begin, so they count from the first row left',
  count: null,
};

/** Bronze against the committed ranges, silver and quarantine against bronze. */
export async function verifyLineage(
  database: Database,
  options: {
    readonly outputPath: string;
    readonly topic: string;
    readonly through: number;
    readonly states: readonly PartitionState[];
    /** What tells offsets without a record from lost ones. */
    readonly reader: TopicReader | undefined;
    readonly signal: AbortSignal | undefined;
  },
  log: DifferenceLog,
) {
  const loaded = await surveyOffsets(database, options);
  // Read after the files: what went meanwhile is in it.
  const ledgers = await readPruneLedgers(options.outputPath);
  const prunedThrough = (sink: SinkName) => ledgers.get(sink)?.throughBatch ?? -1;
  const bronze = ledgers.get('bronze');
  const keptFrom = bronze && (bronze.keptFrom ?? (await firstLeft(database, bronze, options.states)));
  const expected = expectedRanges(options.states, keptFrom);
  for (const [sink, load] of loaded) noteFiles(sink, load, prunedThrough(sink), log);
  for (const [sink, count] of await foreignRows(database, prunedThrough)) {
    log.add({ kind: 'foreign-row', sink, count });
  }
  const rows = log.fresh();
  const findings = await compareOffsets(surveyedBuckets(database), { expected, prunedThrough }, rows);
  // What is lost comes first.
  const gaps = await explainGaps({ ...options, gaps: findings.gaps }, log);
  log.append(rows);
  await noteDoubledInFiles(database, findings.doubledWithinFiles, loaded, options.topic, log);
  return {
    notCompared: bronze !== undefined && bronze.keptFrom === undefined ? [START_UNKNOWN] : [],
    unreadable: new Set(
      [...loaded.values()].flatMap(({ unreadable }) => unreadable.map(({ file }) => file.path)),
    ),
    counts: {
      bronze: findings.rows.get('bronze') ?? 0,
      silver: findings.rows.get('silver') ?? 0,
      quarantine: findings.rows.get('quarantine') ?? 0,
    },
    ofPartition: ({ partition, start }: PartitionState) => ({
      ...(findings.partitions.get(partition) ?? { bronze: 0, doubled: 0 }),
      ...(gaps.get(partition) ?? { missing: 0, markers: 0, aborted: 0, compacted: 0 }),
      pruned: (expected.get(partition)?.from ?? start) - start,
    }),
  };
}

/** Where bronze's unpruned files begin, by what is in them; of a partition without rows left nothing is expected. */
async function firstLeft(
  database: Database,
  ledger: PruneLedger,
  states: readonly PartitionState[],
): Promise<PartitionOffsets> {
  const first = await firstBronzeOffsets(database, ledger.throughBatch);
  return new Map(states.map(({ partition, committed }) => [partition, first.get(partition) ?? committed]));
}
