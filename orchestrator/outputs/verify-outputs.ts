import { ProductError } from '../core/product-error.ts';
import { type Checkpoint, readCheckpoint } from './checkpoint.ts';
import { sinkFiles } from './committed-files.ts';
import { withDatabase } from './duckdb/database.ts';
import { goldBatches } from './gold-state.ts';
import { readPruneLedgers } from './prune-ledger.ts';
import { SINK_NAMES } from './sinks.ts';
import { compareTopic, partitionStates, type TopicState } from './verify/compare-topic.ts';
import { type DeepOptions, verifyValues } from './verify/deep/verify-values.ts';
import { DifferenceLog } from './verify/difference.ts';
import { silverOfFiles } from './verify/load-gold.ts';
import type { TopicReader } from './verify/topic-reader.ts';
import { verifyGold } from './verify/verify-gold.ts';
import { verifyLineage } from './verify/verify-lineage.ts';
import { verifyRawCsv } from './verify/verify-raw-csv.ts';
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
  /** Tells offsets without a record from lost ones, where bronze has gaps. Without it every gap counts as missing records. */
  readonly reader?: TopicReader;
  /** Also compares every value with what the topic's records give. */
  readonly deep?: DeepOptions;
}

/**
 * Compares what the job wrote with the topic's offsets and with itself, also while the job runs: files of micro-batches that are
 * not committed are ignored, pruned ones are told from lost ones by the job's ledger. Memory does not grow with the records.
 * @throws ProductError OUTPUT_NOT_LOCAL, NO_DATA; OUTPUT_DAMAGED; KAFKA_UNREACHABLE, RECORDS_UNREADABLE; the signal's reason
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
    const bronze = await verifyLineage(
      database,
      // Another topic's log says nothing of these outputs.
      {
        outputPath,
        topic: source,
        through,
        states,
        signal,
        reader: source === topic.name ? options.reader : undefined,
      },
      log,
    );
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
    const ledgers = await readPruneLedgers(outputPath);
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
