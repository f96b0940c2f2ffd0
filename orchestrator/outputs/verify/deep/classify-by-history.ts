import type { Field, Pipeline } from '../../../pipeline/model.ts';
import type { Database } from '../../duckdb/database.ts';
import { type ClassifiedRecord, type Classifier, classifierOf } from '../../expected/classify.ts';
import type { PartitionOffsets } from '../../offset-log.ts';
import { batchOfFileNumberSql } from '../../sinks.ts';
import { LINEAGE_SINKS } from '../survey-offsets.ts';
import { actualTable } from './load-actual.ts';
import type { Addition } from './schema-history.ts';

/** Decides by the pipeline as it was when a record was read, with the columns that silver has now. */
export interface HistoricalClassifier extends Classifier {
  /**
   * A reason that is as right as that of `classify`. Between the last silver file without a field and the first with it there may be
   * micro-batches that have but quarantine: by which of the two pipelines their records were read, no file tells.
   */
  otherReason(record: ClassifiedRecord): string | undefined;
}

/**
 * The classifier of a pipeline that fields were added to. Needs the tables of actual rows, which tell between which offsets that was.
 * @param additions the oldest first
 */
export async function classifierByHistory(
  database: Database,
  pipeline: Pipeline,
  additions: readonly Addition[],
): Promise<HistoricalClassifier> {
  const lackedTo: PartitionOffsets[] = [];
  const hadFrom: PartitionOffsets[] = [];
  for (const addition of additions) {
    lackedTo.push(await offsetsAfter(database, addition.lackedThrough));
    hadFrom.push(await offsetsAfter(database, addition.hadFrom - 1));
  }
  const now = classifierOf(pipeline);
  const former = additions.map((_addition, made) => classifierOf(pipeline, fieldsOf(additions.slice(made))));
  /** Of the pipeline with those additions that were made before a record, by where they begin. */
  const after = (additionsFrom: readonly PartitionOffsets[], { partition, offset }: ClassifiedRecord) =>
    former[additionsFrom.filter((offsets) => offset >= (offsets.get(partition) ?? 0)).length] ?? now;
  const outcomesOf = (record: ClassifiedRecord) => {
    const [older, newer] = [after(hadFrom, record), after(lackedTo, record)];
    const outcome = older.classify(record);
    return { older: outcome, newer: older === newer ? outcome : newer.classify(record) };
  };
  return {
    reasons: now.reasons,
    classify(record) {
      const { older, newer } = outcomesOf(record);
      // Where they differ there is no silver file: the one that quarantines the record is right.
      return typeof newer === 'string' ? newer : older;
    },
    otherReason(record) {
      const { older, newer } = outcomesOf(record);
      return typeof older === 'string' && typeof newer === 'string' && older !== newer ? older : undefined;
    },
  };
}

const fieldsOf = (additions: readonly Addition[]): ReadonlySet<Field> =>
  new Set(additions.flatMap(({ fields }) => [...fields]));

/** Where each partition's records after a micro-batch begin. */
async function offsetsAfter(database: Database, batch: number): Promise<PartitionOffsets> {
  const all = LINEAGE_SINKS.map((sink) => `SELECT file, partition, "offset" FROM ${actualTable(sink)}`);
  const rows = await database.all(`
    SELECT partition, coalesce(max("offset") FILTER (${batchOfFileNumberSql('file')} <= ${batch}) + 1, min("offset"))
    FROM (${all.join(' UNION ALL ')}) GROUP BY partition`);
  return new Map(rows.map(([partition, offset]) => [Number(partition), Number(offset)]));
}
