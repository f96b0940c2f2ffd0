import type { OffsetRange, TopicReader } from '../kafka/record-batch.ts';
import type { Checkpoint, PartitionOffsets } from '../lake/checkpoint.ts';
import { type PruneLedger, readPruneLedgers } from '../lake/committed-files.ts';
import type { Database } from '../lake/database.ts';
import type { SinkName } from '../lake/sinks.ts';
import { compareOffsets, type ExpectedRange, noteDoubledInFiles } from './compare-offsets.ts';
import { type DifferenceLog, type NotCompared, noteFiles } from './report.ts';
import {
  firstBronzeOffsets,
  foreignRows,
  type OffsetRanges,
  RangeBuilder,
  surveyedBuckets,
  surveyOffsets,
} from './survey-offsets.ts';

const START_UNKNOWN: NotCompared = {
  sink: 'bronze',
  reason:
    'the ledger does not say at which offsets the unpruned files begin, so they count from their first row',
  count: null,
};

/** Compares bronze with the committed ranges, and silver and quarantine with bronze. */
export async function verifyLineage(
  database: Database,
  options: {
    readonly outputPath: string;
    readonly topic: string;
    readonly through: number;
    readonly states: readonly PartitionState[];
    /** Distinguishes offsets without a record from lost records. */
    readonly reader: TopicReader | undefined;
    readonly signal: AbortSignal | undefined;
  },
  log: DifferenceLog,
) {
  const loaded = await surveyOffsets(database, options);
  // Read after the files, so that it covers files that were pruned in the meantime.
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
  // Lost records are listed first.
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

/**
 * Where bronze's unpruned files begin, from their rows. In a partition without any rows nothing is
 * expected.
 */
async function firstLeft(
  database: Database,
  ledger: PruneLedger,
  states: readonly PartitionState[],
): Promise<PartitionOffsets> {
  const first = await firstBronzeOffsets(database, ledger.throughBatch);
  return new Map(states.map(({ partition, committed }) => [partition, first.get(partition) ?? committed]));
}

/**
 * One partition in the broker: the job receives records from `beginOffset` to before `endOffset`.
 */
interface TopicPartition {
  readonly partition: number;
  readonly beginOffset: bigint | number;
  readonly endOffset: bigint | number;
  /** Where the log ends, open transactions included. Defaults to `endOffset`. */
  readonly logEndOffset?: bigint | number;
}

export interface TopicState {
  readonly name: string;
  readonly partitions: readonly TopicPartition[];
}

/** A partition in topic and checkpoint. */
export interface PartitionState {
  readonly partition: number;
  readonly begin: number | null;
  readonly start: number;
  readonly committed: number;
  readonly end: number | null;
  readonly logEnd: number | null;
  readonly lag: number;
}

/**
 * Joins the topic's partitions with those of the checkpoint. A partition that the checkpoint does
 * not have was added later, and Spark reads it from offset 0.
 */
export function partitionStates(topic: TopicState, checkpoint: Checkpoint): readonly PartitionState[] {
  const inTopic = new Map(topic.partitions.map((known) => [known.partition, known]));
  const start = checkpoint.start ?? new Map<number, number>();
  const committed = checkpoint.committed?.end ?? start;
  const partitions = [...new Set([...inTopic.keys(), ...start.keys(), ...committed.keys()])];
  return partitions
    .sort((a, b) => a - b)
    .map((partition) => {
      const known = inTopic.get(partition);
      const begin = known ? Number(known.beginOffset) : null;
      const end = known ? Number(known.endOffset) : null;
      const logEnd = known ? Number(known.logEndOffset ?? known.endOffset) : null;
      const from = start.get(partition) ?? 0;
      const to = committed.get(partition) ?? from;
      const lag = Math.max(0, (end ?? 0) - to);
      return { partition, begin, start: from, committed: to, end, logEnd, lag };
    });
}

/** Notes where the topic ends before what was read, or no longer has what was not read. */
export function compareTopic(
  states: readonly PartitionState[],
  /** Where the query is now: records that it read in the meantime are not lost. */
  committedNow: PartitionOffsets,
  log: DifferenceLog,
): void {
  for (const { partition, begin, committed, logEnd } of states) {
    if (committed > (logEnd ?? 0)) {
      log.add({
        kind: 'behind-checkpoint',
        sink: null,
        partition,
        from: logEnd ?? 0,
        to: committed - 1,
        count: committed - (logEnd ?? 0),
        detail:
          logEnd === null
            ? `the topic has no such partition; ${committed} was committed`
            : `the topic ends at ${logEnd}, ${committed} was committed: was it recreated?`,
      });
    }
    const read = Math.max(committed, committedNow.get(partition) ?? 0);
    if (begin !== null && begin > read) {
      log.add({
        kind: 'lost-to-retention',
        sink: null,
        partition,
        from: read,
        to: begin - 1,
        count: begin - read,
        detail: `the topic begins at ${begin} now, and only what is below ${read} was read`,
      });
    }
  }
}

/**
 * What bronze should hold: everything that was committed and not pruned.
 * @param keptFrom where it begins after pruning; undefined when nothing was pruned. A partition
 * without an entry was added after the pruned micro-batches.
 */
function expectedRanges(
  states: readonly PartitionState[],
  keptFrom: PartitionOffsets | undefined,
): ReadonlyMap<number, ExpectedRange> {
  return new Map(
    states.map(({ partition, start, committed }) => {
      const kept = Math.max(start, keptFrom?.get(partition) ?? start);
      return [partition, { from: Math.min(kept, committed), to: committed }];
    }),
  );
}

/** The content of a partition's committed offsets that are not in bronze. */
export interface GapTally {
  /** Records. */
  missing: number;
  /** Markers that end transactions. */
  markers: number;
  /** Records whose transactions were aborted. */
  aborted: number;
  /** Offsets without content, because the topic was compacted. */
  compacted: number;
}

interface GapQuestion {
  readonly gaps: ReadonlyMap<number, OffsetRanges>;
  readonly states: readonly PartitionState[];
  /** Without a reader, every gap counts as missing records. */
  readonly reader: TopicReader | undefined;
  readonly signal: AbortSignal | undefined;
}

const TALLIED = { marker: 'markers', aborted: 'aborted', compacted: 'compacted' } as const;

/**
 * Reads from the topic what the offsets hold that bronze lacks, and notes those with a record.
 * Offsets that the topic no longer has count as missing, because their content can no longer be
 * determined. Where bronze has no gap the topic is not read at all.
 * @throws ProductError KAFKA_UNREACHABLE, RECORDS_UNREADABLE; the signal's reason
 */
async function explainGaps(
  { gaps, states, reader, signal }: GapQuestion,
  log: DifferenceLog,
): Promise<ReadonlyMap<number, GapTally>> {
  const tallies = new Map<number, GapTally>();
  for (const [partition, ranges] of gaps) {
    const tally: GapTally = { missing: 0, markers: 0, aborted: 0, compacted: 0 };
    tallies.set(partition, tally);
    const missing = new RangeBuilder((from, to) => {
      tally.missing += to - from;
      log.add({ kind: 'missing', sink: 'bronze', partition, from, to: to - 1, count: to - from });
    });
    const state = states.find((known) => known.partition === partition);
    const there = { from: state?.begin ?? 0, to: reader ? (state?.end ?? 0) : 0 };
    for (const { from, to } of outside(ranges, there, 'before')) missing.addRange(from, to);
    const inTopic = reader?.contents(partition, within(ranges, there), signal) ?? [];
    for await (const { from, to, content } of inTopic) {
      if (content === 'record') missing.addRange(from, to);
      else tally[TALLIED[content]] += to - from;
    }
    for (const { from, to } of outside(ranges, there, 'after')) missing.addRange(from, to);
    missing.end();
  }
  return tallies;
}

function* within(ranges: Iterable<OffsetRange>, bounds: OffsetRange): Generator<OffsetRange> {
  for (const range of ranges) {
    const from = Math.max(range.from, bounds.from);
    const to = Math.min(range.to, bounds.to);
    if (from < to) yield { from, to };
  }
}

function outside(
  ranges: Iterable<OffsetRange>,
  bounds: OffsetRange,
  side: 'before' | 'after',
): Generator<OffsetRange> {
  const end = Math.max(bounds.from, bounds.to);
  return within(
    ranges,
    side === 'before' ? { from: 0, to: bounds.from } : { from: end, to: Number.POSITIVE_INFINITY },
  );
}
