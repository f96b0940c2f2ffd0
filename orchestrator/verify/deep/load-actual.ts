import type { PartitionOffsets } from '../../lake/checkpoint.ts';
import { type Database, sqlText } from '../../lake/database.ts';
import { BATCH_OF_FILE, columnsOfOutput, FILE, NUMBER_OF_FILE } from '../../lake/file-source.ts';
import { type LoadedSink, loadSink } from '../../lake/load-sink.ts';
import { batchOfFileNumberSql } from '../../lake/sinks.ts';
import type { Field, Pipeline, Type } from '../../pipeline/model.ts';
import { type ClassifiedRecord, type Classifier, classifierOf } from '../oracle/classify.ts';
import { LINEAGE_SINKS, type LineageSink } from '../survey-offsets.ts';
import { BRONZE_TEXTS_SQL, digestSql, QUARANTINE_TEXTS_SQL, silverTexts } from './row-digest.ts';

/**
 * What is read from a sink's rows besides the file's number, partition and offset: a digest, and
 * for quarantine the reason's number.
 */
interface Taken {
  readonly taken: string;
  readonly select: string;
}

function takenOf(sink: LineageSink, pipeline: Pipeline, reasons: readonly string[]): Taken {
  const taken = 'digest UBIGINT';
  switch (sink) {
    case 'bronze':
      return { taken, select: digestSql(BRONZE_TEXTS_SQL) };
    case 'silver':
      return { taken, select: digestSql(silverTexts(pipeline).sql) };
    case 'quarantine':
      return {
        taken: `${taken}, reason INTEGER`,
        select: `${digestSql(QUARANTINE_TEXTS_SQL)}, ${reasonNumberSql(reasons)}`,
      };
  }
}

/** A reason's number (from 1; 0 stands for silver), or -1 for an unknown reason, as SQL. */
function reasonNumberSql(reasons: readonly string[]): string {
  const cases = reasons.map((reason, at) => `WHEN ${sqlText(reason)} THEN ${at + 1}`);
  return `CASE reason ${cases.join(' ')} ELSE -1 END`;
}

/** The table of a sink's rows by partition and offset, with digests for their values. */
export const actualTable = (sink: LineageSink): string => `actual_${sink}`;

/**
 * Loads a row for each row of bronze, silver and quarantine into tables. Digests replace the
 * values, so a row takes some 30 bytes.
 */
export async function loadActual(
  database: Database,
  options: {
    readonly outputPath: string;
    readonly topic: string;
    readonly pipeline: Pipeline;
    /** Every reason of quarantine. */
    readonly reasons: readonly string[];
    readonly through: number;
    readonly onProgress: (sink: LineageSink) => void;
  },
): Promise<ReadonlyMap<LineageSink, LoadedSink>> {
  const loaded = new Map<LineageSink, LoadedSink>();
  for (const sink of LINEAGE_SINKS) {
    options.onProgress(sink);
    const { taken, select } = takenOf(sink, options.pipeline, options.reasons);
    await database.run(
      `CREATE TABLE ${actualTable(sink)} (file BIGINT, partition INTEGER, "offset" BIGINT, ${taken})`,
    );
    const { outputPath, through } = options;
    const insert = (source: string) => `
      INSERT INTO ${actualTable(sink)}
      SELECT ${NUMBER_OF_FILE}, "partition", "offset", ${select} FROM ${source}
      WHERE topic = ${sqlText(options.topic)}`;
    loaded.set(
      sink,
      await loadSink(database, {
        outputPath,
        sink,
        columns: columnsOfOutput(options.pipeline, sink),
        through,
        insert,
      }),
    );
  }
  return loaded;
}

/**
 * Optional fields that were added to the pipeline when outputs existed already. Older silver files
 * lack their columns.
 */
export interface Addition {
  readonly fields: ReadonlySet<Field>;
  /** The last micro-batch with a silver file that lacks them. */
  readonly lackedThrough: number;
  /**
   * The first micro-batch with a silver file that has them, or the next one to be committed.
   * Micro-batches between the two have no silver file.
   */
  readonly hadFrom: number;
}

/** A column of a Parquet file, or a part of one. */
interface ColumnNode {
  readonly name: string;
  readonly children: readonly ColumnNode[];
}

/**
 * Determines from the columns of silver's files which optional fields were added to the pipeline,
 * and when, the oldest addition first. It reads only the files' footers.
 * @param through the last committed micro-batch
 */
export async function readSchemaHistory(
  database: Database,
  {
    outputPath,
    pipeline,
    through,
  }: { readonly outputPath: string; readonly pipeline: Pipeline; readonly through: number },
): Promise<readonly Addition[]> {
  await database.run('CREATE TABLE silver_schemas (batch BIGINT, nodes VARCHAR)');
  const insert = (_source: string, list: string) => `
    INSERT INTO silver_schemas SELECT ${BATCH_OF_FILE}, nodes FROM (
      SELECT file_name AS ${FILE}, to_json(list([name, coalesce(num_children, 0)::VARCHAR] ORDER BY column_id)) AS nodes
      FROM parquet_schema(${list}) GROUP BY file_name)`;
  await loadSink(database, { outputPath, sink: 'silver', through, insert });
  const found = await database.all('SELECT nodes, min(batch) FROM silver_schemas GROUP BY 1 ORDER BY 2');
  const schemas = found.map(([nodes, first]) => ({
    first: Number(first),
    lacks: lackedIn(pipeline.fields, columnTree(String(nodes))),
  }));
  const firstWith = (field: Field) =>
    schemas.find(({ lacks }) => !lacks.includes(field))?.first ?? through + 1;
  const lackedAtFirst = schemas[0]?.lacks ?? [];
  const additions: Addition[] = [];
  for (const hadFrom of [...new Set(lackedAtFirst.map(firstWith))].sort((one, other) => one - other)) {
    const fields = new Set(lackedAtFirst.filter((field) => firstWith(field) === hadFrom));
    const [last] = await database.all(`SELECT max(batch) FROM silver_schemas WHERE batch < ${hadFrom}`);
    additions.push({ fields, lackedThrough: Number(last?.[0]), hadFrom });
  }
  return additions;
}

/** @param nodes as JSON: names with the numbers of their parts, depth first */
function columnTree(nodes: string): ColumnNode {
  const rest = (JSON.parse(nodes) as readonly (readonly [string, string])[]).values();
  const next = (): ColumnNode => {
    const [name = '', children] = rest.next().value ?? [];
    return { name, children: Array.from({ length: Number(children) }, next) };
  };
  return next();
}

/** The optional fields that have no column, including those within objects and arrays. */
function lackedIn(fields: readonly Field[], parent: ColumnNode | undefined): readonly Field[] {
  return fields.flatMap((field) => {
    const column = parent?.children.find(({ name }) => name === field.name);
    // A required field was always there. The event time has a column of another name.
    return [...(column || field.required ? [] : [field]), ...lackedInside(field.type, column)];
  });
}

function lackedInside(type: Type, column: ColumnNode | undefined): readonly Field[] {
  if (type.kind === 'object') return lackedIn(type.fields, column);
  // A list has a repeated group, which contains the element.
  return type.kind === 'array' ? lackedInside(type.items.type, column?.children[0]?.children[0]) : [];
}

/**
 * Classifies a record by the pipeline of the time at which it was read, with silver's present
 * columns.
 */
export interface HistoricalClassifier extends Classifier {
  /**
   * A reason that is as right as that of `classify`. Between the last silver file without a field
   * and the first with it, there may be micro-batches with only quarantine. No file shows which of
   * the two pipelines read their records.
   */
  otherReason(record: ClassifiedRecord): string | undefined;
}

/**
 * The classifier of a pipeline that gained fields. It needs the tables of actual rows, which show
 * the offsets of each addition.
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
  /** The classifier with the additions that were made before a record, by where they begin. */
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
      // Where the two differ there is no silver file, so the one that quarantines the record is
      // right.
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
