import { ProductError } from '../core/product-error.ts';
import { type Checkpoint, readCheckpoint } from './checkpoint.ts';
import { sinkFiles } from './committed-files.ts';
import { type Database, withDatabase } from './duckdb/database.ts';
import { goldBatches } from './gold-state.ts';
import type { PartitionOffsets } from './offset-log.ts';
import { type PruneLedger, readPruneLedger } from './prune-ledger.ts';
import { SINK_NAMES, type SinkName } from './sinks.ts';
import { compareOffsets } from './verify/compare-offsets.ts';
import {
  compareRawCsv,
  type RawCsvComparison,
  rawCsvRows,
  surveyTransactions,
} from './verify/compare-raw-csv.ts';
import {
  compareTopic,
  expectedRanges,
  type PartitionState,
  partitionStates,
  type TopicState,
} from './verify/compare-topic.ts';
import { type DeepOptions, verifyValues } from './verify/deep/verify-values.ts';
import { DifferenceLog } from './verify/difference.ts';
import { noteDoubledInFiles } from './verify/doubled-in-file.ts';
import { silverOfFiles } from './verify/load-gold.ts';
import { noteFiles } from './verify/note-files.ts';
import { firstBronzeOffsets, foreignRows, surveyedBuckets, surveyOffsets } from './verify/survey-offsets.ts';
import { verifyGold } from './verify/verify-gold.ts';
import type { NotCompared, VerifyReport } from './verify/verify-report.ts';

export interface VerifyOptions {
  /** OUTPUT_PATH, on the local disk. */
  readonly outputPath: string;
  /**
   * The topic's offsets. With a job at work it must be a function: it is called after the checkpoint was read, so that what is
   * committed meanwhile does not look as if the topic had lost its end.
   */
  readonly topic: TopicState | (() => Promise<TopicState>);
  readonly signal?: AbortSignal;
  /** Also compares every value with what the topic's records give. */
  readonly deep?: DeepOptions;
}

/**
 * Compares what the job wrote with the topic's offsets and with itself, also while the job runs: files of micro-batches that are
 * not committed are ignored, pruned ones are told from lost ones by the job's ledger. Memory does not grow with the records.
 *
 * Assumes that every offset of the topic is a record, as the producer makes them: the markers of transactions and the gaps of a
 * compacted topic would show as missing.
 * @throws ProductError OUTPUT_NOT_LOCAL, NO_DATA; OUTPUT_DAMAGED; the signal's reason
 */
export async function verifyOutputs(options: VerifyOptions): Promise<VerifyReport> {
  const { outputPath, signal } = options;
  const checkpoint = await readCheckpoint(outputPath);
  const batches = await goldBatches(checkpoint);
  const topic = typeof options.topic === 'function' ? await options.topic() : options.topic;
  const log = new DifferenceLog(topic.name);
  await checkOrigin(outputPath, checkpoint, topic, log);
  const states = partitionStates(topic, checkpoint);

  return withDatabase(signal, async (database) => {
    const through = checkpoint.committed?.batch ?? -1;
    // Outputs of another topic are still compared with themselves.
    const source = checkpoint.topic ?? topic.name;
    const bronze = await verifyLineage(database, { outputPath, topic: source, through, states }, log);
    const scope = options.deep ? 'all columns' : 'txn_id';
    const csv = await verifyRawCsv(database, { outputPath, through, scope }, log);
    const deep =
      options.deep &&
      source === topic.name &&
      (await verifyValues(
        database,
        { ...options.deep, outputPath, checkpoint, states, batches, signal, noted: bronze.unreadable },
        log,
      ));
    const goldPart = await verifyGold(
      database,
      {
        outputPath,
        checkpoint,
        goldBatches: deep ? deep.batches : batches,
        silver: deep ? deep.silver : silverOfFiles(outputPath, through),
      },
      log,
    );
    const answerKey = deep ? await deep.checkAnswerKey() : null;
    const now = await readCheckpoint(outputPath);
    if (source === topic.name) compareTopic(states, now.committed?.end ?? new Map(), log);
    const ledgers = await readLedgers(outputPath);
    return {
      equal: log.total === 0,
      topic: topic.name,
      committedBatch: checkpoint.committed?.batch ?? null,
      partitions: states.map((state) => ({ ...state, ...bronze.ofPartition(state) })),
      counts: { ...bronze.counts, gold: goldPart.rows, raw_csv: csv },
      lag: states.reduce((sum, { lag }) => sum + lag, 0),
      pruned: [...ledgers.values()].map(({ sink, throughBatch, files }) => ({ sink, throughBatch, files })),
      gold: goldPart.report,
      deep: deep ? deep.report : null,
      answerKey,
      notCompared: [
        ...bronze.notCompared,
        ...(deep ? deep.notCompared : []),
        ...goldPart.notCompared,
        ...(options.deep && !deep ? [OTHER_TOPIC] : []),
      ],
      differences: log.kept,
      differenceCount: log.total,
    };
  });
}

const START_UNKNOWN: NotCompared = {
  sink: 'bronze',
  reason:
    'the ledger does not tell at which offsets the unpruned files begin, so they count from the first row left',
  count: null,
};

const OTHER_TOPIC: NotCompared = {
  sink: 'bronze',
  reason:
    'the topic at hand is not the one that the outputs were made from, so its records say nothing of them',
  count: null,
};

/** Refuses when there is nothing at all, and notes what makes every other comparison doubtful. */
async function checkOrigin(
  outputPath: string,
  checkpoint: Checkpoint,
  topic: TopicState,
  log: DifferenceLog,
): Promise<void> {
  if (checkpoint.start === undefined) {
    const found = await Promise.all(SINK_NAMES.map((sink) => sinkFiles(outputPath, sink)));
    const count = found.reduce((sum, files) => sum + files.length, 0);
    if (count === 0) {
      throw new ProductError('NO_DATA', {
        message: `There are no outputs in ${outputPath}: the job has not begun to read ${topic.name}.`,
        hint: 'Start the stack with `npm run up`, or name the folder with OUTPUT_DIR.',
      });
    }
    const detail = `${count} files in the sinks, and no checkpoint in _chk/medallion`;
    log.add({ kind: 'checkpoint-missing', sink: null, count, detail });
  } else if (checkpoint.topic !== topic.name) {
    const detail = `the checkpoint belongs to topic ${checkpoint.topic}`;
    log.add({ kind: 'other-topic', sink: null, count: 1, detail });
  }
}

/** Bronze against the committed ranges, silver and quarantine against bronze. */
async function verifyLineage(
  database: Database,
  options: {
    readonly outputPath: string;
    readonly topic: string;
    readonly through: number;
    readonly states: readonly PartitionState[];
  },
  log: DifferenceLog,
) {
  const loaded = await surveyOffsets(database, options);
  // Read after the files: what went meanwhile is in it.
  const ledgers = await readLedgers(options.outputPath);
  const prunedThrough = (sink: SinkName) => ledgers.get(sink)?.throughBatch ?? -1;
  const bronze = ledgers.get('bronze');
  const keptFrom = bronze && (bronze.keptFrom ?? (await firstLeft(database, bronze, options.states)));
  const expected = expectedRanges(options.states, keptFrom);
  for (const [sink, load] of loaded) noteFiles(sink, load, prunedThrough(sink), log);
  for (const [sink, count] of await foreignRows(database, prunedThrough)) {
    log.add({ kind: 'foreign-row', sink, count });
  }
  const findings = await compareOffsets(surveyedBuckets(database), { expected, prunedThrough }, log);
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
      ...(findings.partitions.get(partition) ?? { bronze: 0, missing: 0, doubled: 0 }),
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

/** @returns raw_csv's rows */
async function verifyRawCsv(
  database: Database,
  comparison: RawCsvComparison,
  log: DifferenceLog,
): Promise<number> {
  const { outputPath, scope } = comparison;
  const loaded = await surveyTransactions(database, comparison);
  const ledgers = await readLedgers(outputPath);
  const prunedThrough = (sink: SinkName) => ledgers.get(sink)?.throughBatch ?? -1;
  noteFiles('raw_csv', loaded.rawCsv, prunedThrough('raw_csv'), log);
  const pruned = Math.max(prunedThrough('silver'), prunedThrough('raw_csv'));
  await compareRawCsv(database, loaded, pruned, scope, log);
  return rawCsvRows(database, prunedThrough('raw_csv'));
}

async function readLedgers(outputPath: string): Promise<ReadonlyMap<SinkName, PruneLedger>> {
  const read = await Promise.all(SINK_NAMES.map((sink) => readPruneLedger(outputPath, sink)));
  return new Map(read.filter((ledger) => ledger !== undefined).map((ledger) => [ledger.sink, ledger]));
}
