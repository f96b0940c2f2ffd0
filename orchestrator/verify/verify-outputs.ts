import type { TopicReader } from '../kafka/record-batch.ts';
import { type Checkpoint, readCheckpoint } from '../lake/checkpoint.ts';
import { readPruneLedgers, sinkFiles } from '../lake/committed-files.ts';
import { type Database, withDatabase } from '../lake/database.ts';
import { type GoldCheckpoint, readGoldCheckpoint } from '../lake/gold-checkpoint.ts';
import { SINK_NAMES } from '../lake/sinks.ts';
import type { Pipeline } from '../pipeline/model.ts';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import { type DeepOptions, type ValueOutcome, verifyValues } from './deep/verify-values.ts';
import { type GoldOutcome, verifyGold } from './gold/verify-gold.ts';
import { compareTopic, partitionStates, type TopicState, verifyLineage } from './lineage.ts';
import { verifyRawCsv } from './raw-csv.ts';
import { DifferenceLog, type GoldReport, type NotCompared, type VerifyReport } from './report.ts';

export interface VerifyOptions {
  /** OUTPUT_PATH, on the local disk. */
  readonly outputPath: string;
  /** The pipeline that makes the outputs. */
  readonly pipeline: Pipeline;
  /**
   * The topic's offsets. While a job runs this must be a function: it is called after the
   * checkpoint was read, so that commits in the meantime do not look as if the topic had lost its
   * end.
   */
  readonly topic: TopicState | (() => Promise<TopicState>);
  readonly signal?: AbortSignal;
  /**
   * Distinguishes offsets without a record from lost records, where bronze has gaps. Without it
   * every gap counts as missing records.
   */
  readonly reader?: TopicReader;
  /** Also compares every value with what the topic's records give. */
  readonly deep?: DeepOptions;
}

/**
 * Compares what the job wrote with the topic's offsets and among the outputs, even while the job
 * runs. Files of uncommitted micro-batches are ignored. The job's ledger distinguishes pruned files
 * from lost ones. Memory does not grow with the records.
 * @throws ProductError OUTPUT_NOT_LOCAL, NO_DATA; OUTPUT_DAMAGED; KAFKA_UNREACHABLE,
 * RECORDS_UNREADABLE; the signal's reason
 */
export async function verifyOutputs(options: VerifyOptions): Promise<VerifyReport> {
  const { outputPath, pipeline, signal } = options;
  // Gold is read first: what it has read by now is committed silver, except for files of a dead
  // job.
  const goldCheckpoints = await Promise.all(
    pipeline.gold.map(({ name }) => readGoldCheckpoint(outputPath, name)),
  );
  const checkpoint = await readCheckpoint(outputPath);
  const topic = typeof options.topic === 'function' ? await options.topic() : options.topic;
  const log = new DifferenceLog(topic.name);
  await checkOrigin(options, checkpoint, topic, log);
  const states = partitionStates(topic, checkpoint);

  return withDatabase(signal, async (database) => {
    const through = checkpoint.committed?.batch ?? -1;
    // Outputs of another topic are still compared among each other.
    const source = checkpoint.topic ?? topic.name;
    const bronze = await verifyLineage(
      database,
      // Another topic's log has no information about these outputs.
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
    const scope = options.deep ? 'all columns' : 'first column';
    const csv = await verifyRawCsv(database, { outputPath, pipeline, through, scope }, log);
    const deep =
      options.deep &&
      source === topic.name &&
      (await verifyValues(
        database,
        { ...options.deep, outputPath, pipeline, checkpoint, states, signal, noted: bronze.unreadable },
        log,
      ));
    const gold = await verifyTables(
      database,
      { ...options, through },
      goldCheckpoints,
      deep || undefined,
      log,
    );
    const answerKey = deep ? await deep.checkAnswerKey(gold[0]) : null;
    const now = await readCheckpoint(outputPath);
    if (source === topic.name) compareTopic(states, now.committed?.end ?? new Map(), log);
    const ledgers = await readPruneLedgers(
      outputPath,
      pipeline.gold.map(({ name }) => name),
    );
    return {
      equal: log.total === 0,
      topic: topic.name,
      committedBatch: checkpoint.committed?.batch ?? null,
      partitions: states.map((state) => ({ ...state, ...bronze.ofPartition(state) })),
      counts: { ...bronze.counts, gold: sumOf(gold, ({ rows }) => rows), raw_csv: csv },
      lag: states.reduce((sum, { lag }) => sum + lag, 0),
      pruned: [...ledgers.values()].map(({ sink, throughBatch, files }) => ({ sink, throughBatch, files })),
      gold: goldReport(gold),
      deep: deep ? deep.report : null,
      answerKey,
      notCompared: [
        ...bronze.notCompared,
        ...(deep ? deep.notCompared : []),
        ...gold.flatMap(({ notCompared }) => notCompared),
        ...(options.deep && !deep ? [OTHER_TOPIC] : []),
      ],
      differences: log.kept,
      differenceCount: log.total,
    };
  });
}

/**
 * Verifies each gold table of the pipeline. The first table comes last, because the answer key is
 * checked with its tables in the database.
 */
async function verifyTables(
  database: Database,
  { outputPath, pipeline, through }: VerifyOptions & { readonly through: number },
  checkpoints: readonly GoldCheckpoint[],
  deep: ValueOutcome | undefined,
  log: DifferenceLog,
): Promise<readonly GoldOutcome[]> {
  const outcomes: GoldOutcome[] = [];
  for (const [at, table] of [...pipeline.gold.entries()].reverse()) {
    const checkpoint = checkpoints[at];
    if (checkpoint === undefined) throw new Error(`no checkpoint was read of ${table.name}`);
    const records = deep?.silver;
    const verification = { outputPath, pipeline, table, checkpoint, through, records };
    outcomes.unshift(await verifyGold(database, verification, log));
  }
  return outcomes;
}

function goldReport(outcomes: readonly GoldOutcome[]): GoldReport {
  const tables = outcomes.map(({ report }) => report);
  const watermarks = tables.map(({ watermark }) => watermark);
  return {
    equalWindows: sumOf(outcomes, ({ equalWindows }) => equalWindows),
    late: sumOf(outcomes, ({ late }) => late),
    unreadFiles: Math.max(0, ...tables.map(({ unreadFiles }) => unreadFiles)),
    watermark: watermarks.includes(null) ? null : (watermarks.toSorted()[0] ?? null),
    tables,
  };
}

const sumOf = (outcomes: readonly GoldOutcome[], of: (report: GoldOutcome['report']) => number): number =>
  outcomes.reduce((sum, { report }) => sum + of(report), 0);

const OTHER_TOPIC: NotCompared = {
  sink: 'bronze',
  reason: 'the outputs were made from another topic, so the records of this one cannot be compared with them',
  count: null,
};

/** Throws when there is nothing at all, and notes what makes all other comparisons doubtful. */
async function checkOrigin(
  { outputPath, pipeline }: VerifyOptions,
  checkpoint: Checkpoint,
  topic: TopicState,
  log: DifferenceLog,
): Promise<void> {
  if (checkpoint.start === undefined) {
    const outputs = [...SINK_NAMES, ...pipeline.gold.map(({ name }) => name)];
    const found = await Promise.all(outputs.map((sink) => sinkFiles(outputPath, sink)));
    const count = found.reduce((sum, files) => sum + files.length, 0);
    if (count === 0) {
      throw new ProductError('NO_DATA', {
        message: `There are no outputs in ${outputPath}: the job has not begun to read ${topic.name}.`,
        hint: `Start the stack with \`${userCommand('up')}\`, or name the folder with OUTPUT_DIR.`,
      });
    }
    const detail = `${count} files in the sinks, and no checkpoint in _chk/ingest`;
    log.add({ kind: 'checkpoint-missing', sink: null, count, detail });
  } else if (checkpoint.topic !== topic.name) {
    const detail = `the checkpoint belongs to topic ${checkpoint.topic}`;
    log.add({ kind: 'other-topic', sink: null, count: 1, detail });
  }
}
