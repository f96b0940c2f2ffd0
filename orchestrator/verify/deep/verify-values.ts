import type { TopicReader } from '../../kafka/record-batch.ts';
import { type Checkpoint, committedBatches } from '../../lake/checkpoint.ts';
import { readPruneLedger } from '../../lake/committed-files.ts';
import type { Database } from '../../lake/database.ts';
import type { Pipeline } from '../../pipeline/model.ts';
import { checkAnswerKey } from '../answer-key/check-answer-key.ts';
import type { SilverRows } from '../gold/gold-batches.ts';
import type { GoldOutcome } from '../gold/verify-gold.ts';
import type { PartitionState } from '../lineage.ts';
import { classifierOf } from '../oracle/classify.ts';
import {
  type AnswerKeyReport,
  type DeepReport,
  type DifferenceLog,
  type NotCompared,
  noteFiles,
} from '../report.ts';
import { compareValues, createBatchEnds, noteWithoutRecord, silverOfRecords } from './compare-values.ts';
import { expectedTable } from './expected-rows.ts';
import { classifierByHistory, loadActual, readSchemaHistory } from './load-actual.ts';
import { loadExpected } from './load-expected.ts';

/** The additional input of a comparison of values. */
export interface DeepOptions {
  readonly records: TopicReader;
  /** A file with where records should have landed. Undefined for none. */
  readonly answerKey?: string;
  /** The current work, for progress displays. */
  readonly onProgress?: (detail: string) => void;
}

export interface ValueVerification extends DeepOptions {
  readonly outputPath: string;
  readonly pipeline: Pipeline;
  readonly checkpoint: Checkpoint;
  readonly states: readonly PartitionState[];
  readonly signal: AbortSignal | undefined;
  /** Files that are already noted as unreadable. */
  readonly noted: ReadonlySet<string>;
}

export interface ValueOutcome {
  readonly report: DeepReport;
  readonly notCompared: readonly NotCompared[];
  /** The input from which gold should have been aggregated. */
  readonly silver: SilverRows;
  /** Called after a gold table was compared, if there is one. Null where no key was given. */
  checkAnswerKey(gold: GoldOutcome | undefined): Promise<AnswerKeyReport | null>;
}

/**
 * Derives from every record of the topic what it should have become, with an implementation that
 * shares nothing with the job, and compares bronze, silver and quarantine with it value by value.
 */
export async function verifyValues(
  database: Database,
  options: ValueVerification,
  log: DifferenceLog,
): Promise<ValueOutcome> {
  const {
    outputPath,
    pipeline,
    checkpoint,
    records: source,
    signal,
    states,
    onProgress = () => {},
  } = options;
  const topic = checkpoint.topic ?? '';
  const through = checkpoint.committed?.batch ?? -1;
  // Read before the rows, so that a file that is pruned in the meantime has already shown its
  // columns.
  const additions = await readSchemaHistory(database, { outputPath, pipeline, through });
  const loaded = await loadActual(database, {
    outputPath,
    topic,
    pipeline,
    reasons: classifierOf(pipeline).reasons,
    through,
    onProgress: (sink) => onProgress(`reading ${sink}`),
  });
  for (const [sink, { unreadable }] of loaded) {
    // Lineage can be read where a column of values cannot.
    noteFiles(
      sink,
      { files: [], unreadable: unreadable.filter(({ file }) => !options.noted.has(file.path)) },
      -1,
      log,
    );
  }
  const classifier = await classifierByHistory(database, pipeline, additions);
  const table = expectedTable(pipeline, classifier, topic);
  const read = await loadExpected(database, {
    table,
    source,
    states,
    signal,
    onProgress: (done, of) => onProgress(`${number(done)} of ${number(of)} records read`),
  });
  onProgress('comparing values');
  const equalRows = await compareValues(
    database,
    { ranges: read.ranges, source, topic, pipeline, classifier, loaded, signal },
    log,
  );
  const withoutRecord = await noteWithoutRecord(database, read, log);
  onProgress('comparing gold');
  const unknownThrough = await createBatchEnds(database, {
    start: checkpoint.start ?? new Map(),
    known: await committedBatches(checkpoint),
    bronzeLedger: await readPruneLedger(outputPath, 'bronze'),
  });
  const { answerKey } = options;
  return {
    report: {
      records: read.records,
      equalRows,
      reasons: await expectedReasons(database, classifier.reasons),
      unmet: table.unmet(),
    },
    notCompared: [...read.notCompared, ...withoutRecord],
    silver: silverOfRecords(read, table, unknownThrough),
    checkAnswerKey: async (gold) =>
      answerKey === undefined
        ? null
        : checkAnswerKey(
            database,
            {
              file: answerKey,
              outputPath,
              pipeline,
              reasons: classifier.reasons,
              silverSql: table.silverSql,
              checkpoint,
              states,
              gold,
            },
            log,
          ),
  };
}

async function expectedReasons(
  database: Database,
  reasons: readonly string[],
): Promise<DeepReport['reasons']> {
  const rows = await database.all(
    'SELECT reason, count(*) FROM expected WHERE reason > 0 GROUP BY 1 ORDER BY 1',
  );
  return Object.fromEntries(rows.map(([reason, count]) => [reasons[Number(reason) - 1], Number(count)]));
}

const number = (value: number): string => value.toLocaleString('en-US');
