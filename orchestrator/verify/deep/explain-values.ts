import type { TopicReader, TopicRecord } from '../../kafka/record-batch.ts';
import { type Cell, type Database, isVanished, sqlText } from '../../lake/database.ts';
import { columnsOfOutput, sourceOf } from '../../lake/file-source.ts';
import type { LoadedSink } from '../../lake/load-sink.ts';
import { quoted } from '../../lake/pipeline-sql.ts';
import type { Column, Pipeline } from '../../pipeline/model.ts';
import type { Classifier } from '../oracle/classify.ts';
import type { LineageSink } from '../survey-offsets.ts';
import {
  BRONZE_TEXTS_SQL,
  bronzeTexts,
  QUARANTINE_TEXTS_SQL,
  quarantineTexts,
  silverTexts,
  type TextsSql,
} from './row-digest.ts';
import {
  type DecodedRecord,
  decoded,
  describeDifference,
  type ShownValue,
  shownOfFile,
  shownOfRecord,
  shownSql,
} from './shown-value.ts';

export interface WrongRow {
  readonly source: TopicReader;
  readonly topic: string;
  readonly pipeline: Pipeline;
  readonly classifier: Classifier;
  readonly loaded: ReadonlyMap<LineageSink, LoadedSink>;
  readonly signal: AbortSignal | undefined;
  readonly sink: LineageSink;
  readonly batch: number;
  readonly partition: number;
  readonly offset: number;
}

/** A column of a sink for comparison and display. */
interface ComparedColumn {
  readonly name: string;
  readonly textSql: string;
  readonly shownSql: string;
  /** Converts the result of `shownSql`. */
  readonly ofFile: (cell: Cell) => ShownValue;
  /** What the record gives: the text that is compared, and the text that is shown. */
  readonly text: string;
  readonly should: ShownValue;
}

/**
 * Explains which columns of a row differ from what its record gives, and how. The record and the
 * file's row are read again.
 */
export async function explainValues(database: Database, wrong: WrongRow): Promise<string> {
  const record = await readRecord(wrong);
  const columns = record ? comparedColumns(wrong, decoded(wrong.topic, wrong.partition, record)) : [];
  // A row may be there twice, and one of the two may be right.
  for (const cells of columns.length > 0 ? await readRows(database, wrong, columns) : []) {
    const differing = columns.flatMap(({ name, text, ofFile, should }, at) => {
      const [is, shown = null] = [cells[2 * at], cells[2 * at + 1]];
      return is === text ? [] : [describeDifference(name, ofFile(shown), should)];
    });
    if (differing.length > 0) return `${differing.join('; ')}; in batch ${wrong.batch}`;
  }
  return `other values than its record gives, in batch ${wrong.batch}; they could not be read again`;
}

async function readRows(
  database: Database,
  { sink, batch, partition, offset, topic, pipeline, loaded }: WrongRow,
  columns: readonly ComparedColumn[],
): Promise<readonly (readonly Cell[])[]> {
  const files = (loaded.get(sink)?.files ?? []).filter((file) => file.batch === batch);
  try {
    return await database.all(`
      SELECT ${columns.map(({ textSql, shownSql: shown }) => `${textSql}, ${shown}`).join(', ')} FROM ${await sourceOf(sink, files, columnsOfOutput(pipeline, sink))}
      WHERE topic = ${sqlText(topic)} AND "partition" = ${partition} AND "offset" = ${offset}`);
  } catch (error) {
    if (isVanished(error)) return [];
    throw error;
  }
}

async function readRecord({ source, partition, offset, signal }: WrongRow): Promise<TopicRecord | undefined> {
  for await (const { records } of source.read(partition, offset, offset + 1, signal)) {
    if (records[0]) return records[0];
  }
  return undefined;
}

function comparedColumns(wrong: WrongRow, record: DecodedRecord): readonly ComparedColumn[] {
  switch (wrong.sink) {
    case 'bronze':
      return bronzeColumns(record);
    case 'quarantine':
      return quarantineColumns(record);
    case 'silver':
      return silverColumnsOf(wrong, record);
  }
}

function bronzeColumns(record: DecodedRecord): readonly ComparedColumn[] {
  const { key, value, kafkaUs, headers, valueBytes } = record;
  const should: readonly ShownValue[] = [
    ...[key, value, shownOfRecord(INSTANT, kafkaUs)],
    headers.length === 0
      ? null
      : { literal: headers.map((header) => `${header.key}=${hexOf(header.value)}`).join(', ') },
    valueBytes && { literal: hexOf(valueBytes) },
  ];
  const shown = new Map([
    [
      'headers',
      `array_to_string(list_transform(headers,
      lambda h: struct_extract(h, 'key') || '=' || coalesce(hex(struct_extract(h, 'value')), 'null')), ', ')`,
    ],
    ['value_bytes', 'hex(value_bytes)'],
  ]);
  const types = new Map([
    ['key', TEXT],
    ['value', TEXT],
    ['kafka_ts', INSTANT],
  ]);
  return columnsOf(BRONZE_TEXTS_SQL, bronzeTexts(record), should, types, shown);
}

function quarantineColumns(record: DecodedRecord): readonly ComparedColumn[] {
  const should = [record.value, shownOfRecord(INSTANT, record.kafkaUs), { literal: 'what is wrong' }];
  const types = new Map([
    ['bad_json', TEXT],
    ['bad_ingest_ts', INSTANT],
    ['detail', TEXT],
  ]);
  return columnsOf(QUARANTINE_TEXTS_SQL, quarantineTexts(record), should, types);
}

function silverColumnsOf(
  { pipeline, classifier }: WrongRow,
  record: DecodedRecord,
): readonly ComparedColumn[] {
  const row = classifier.classify(record);
  if (typeof row === 'string') return [];
  const { columns, sql, of } = silverTexts(pipeline);
  const should = columns.map(({ type }, at) => shownOfRecord(type, row[at] ?? null));
  return columnsOf(sql, of(row), should, new Map(columns.map(({ name, type }) => [name, type])));
}

const TEXT: Column['type'] = { kind: 'string' };
const INSTANT: Column['type'] = { kind: 'timestamp' };
/** The type of values that SQL returns ready to be shown. */
const LITERAL: Column['type'] = { kind: 'integer' };

function columnsOf(
  textsSql: TextsSql,
  texts: readonly string[],
  should: readonly ShownValue[],
  types: ReadonlyMap<string, Column['type']>,
  shown: ReadonlyMap<string, string> = new Map(),
): readonly ComparedColumn[] {
  return [...textsSql].map(([name, textSql], at) => {
    const type = types.get(name) ?? LITERAL;
    return {
      name,
      textSql,
      shownSql: shown.get(name) ?? shownSql(type, quoted(name)),
      ofFile: (cell: Cell) => shownOfFile(type, cell),
      text: texts[at] ?? '',
      should: should[at] ?? null,
    };
  });
}

const hexOf = (bytes: Buffer | null): string => bytes?.toString('hex').toUpperCase() ?? 'null';
