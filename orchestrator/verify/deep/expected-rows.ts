import type { TopicRecord } from '../../kafka/record-batch.ts';
import type { AppendableColumn } from '../../lake/database.ts';
import { quoted, sqlType } from '../../lake/pipeline-sql.ts';
import { pathNames, pathText } from '../../pipeline/column-name.ts';
import {
  type Column,
  type ColumnType,
  columnsIn,
  columnType,
  isScalar,
  type Pipeline,
  silverColumns,
  typeOfColumn,
} from '../../pipeline/model.ts';
import { EVENT_US } from '../gold/gold-batches.ts';
import { expectationCounts } from '../oracle/classify.ts';
import { columnValue, type SilverRow } from '../oracle/expression-value.ts';
import { decimalText, type Value } from '../oracle/field-value.ts';
import type { HistoricalClassifier } from './load-actual.ts';
import { bronzeTexts, digestOf, quarantineTexts, silverTexts } from './row-digest.ts';
import { dateText, decoded } from './shown-value.ts';

/**
 * The table `expected`: what each record should become. `reason` is a number from 1, or 0 for
 * silver. `other_reason` is a reason that is equally right, or NULL. `digest` is that of the row in
 * silver or quarantine. The further columns are the input of gold.
 */
export interface ExpectedTable {
  readonly createSql: string;
  /** The expected silver rows with the input columns of gold, as a relation. */
  readonly silverSql: string;
  /** Collects rows of a partition. */
  rows(partition: number): ExpectedRows;
  /** The silver rows so far for which an expectation (`expect`) is false, by its name. */
  unmet(): Readonly<Record<string, number>>;
}

/** What the records of a partition should become, one row each. */
interface ExpectedRows {
  readonly length: number;
  add(record: TopicRecord): void;
  /** In the order of the table. */
  columns(): readonly AppendableColumn[];
}

/** @param topic its name */
export function expectedTable(
  pipeline: Pipeline,
  classifier: HistoricalClassifier,
  topic: string,
): ExpectedTable {
  const gold = goldColumns(pipeline);
  const kept = gold.map(({ column, sqlType }) => `, ${column} ${sqlType}`).join('');
  const expectations = expectationCounts(pipeline);
  const outcomeOf = outcomes(pipeline, classifier, topic, expectations.count);
  const named = namedSql(gold).map((sql) => `, ${sql}`);
  return {
    createSql: `CREATE TABLE expected (partition INTEGER, "offset" BIGINT, reason INTEGER, other_reason INTEGER,
      bronze UBIGINT, digest UBIGINT, event_us BIGINT${kept})`,
    silverSql: `(SELECT partition, "offset", event_us AS ${EVENT_US}${named.join('')} FROM expected WHERE reason = 0)`,
    rows: (partition) => gathered(partition, gold, outcomeOf),
    unmet: expectations.unmet,
  };
}

/** The outcome for a record: the numbers of its row, and the values of a silver row. */
interface Outcome {
  readonly reason: number;
  readonly otherReason: number | null;
  readonly bronze: bigint;
  readonly digest: bigint;
  readonly eventUs: bigint | null;
  readonly gold: AppendableColumn['values'];
}

type OutcomeOf = (partition: number, record: TopicRecord, gold: readonly GoldColumn[]) => Outcome;

function outcomes(
  pipeline: Pipeline,
  classifier: HistoricalClassifier,
  topic: string,
  countSilver: (row: SilverRow) => void,
): OutcomeOf {
  const silver = silverTexts(pipeline);
  const eventAt = silver.columns.findIndex(({ name }) => name === 'event_time');
  const numbers = new Map(classifier.reasons.map((reason, at) => [reason, at + 1]));
  return (partition, record, gold) => {
    const values = decoded(topic, partition, record);
    const row = classifier.classify(values);
    const bronze = digestOf(bronzeTexts(values));
    if (typeof row === 'string') {
      const digest = digestOf(quarantineTexts(values));
      return {
        reason: numbers.get(row) ?? 0,
        otherReason: numbers.get(classifier.otherReason(values) ?? '') ?? null,
        bronze,
        digest,
        eventUs: null,
        gold: gold.map(() => null),
      };
    }
    countSilver(row);
    return {
      reason: 0,
      otherReason: null,
      bronze,
      digest: digestOf(silver.of(row)),
      eventUs: row[eventAt] as bigint,
      gold: gold.map(({ of }) => of(row)),
    };
  };
}

function gathered(partition: number, gold: readonly GoldColumn[], outcomeOf: OutcomeOf): ExpectedRows {
  const offsets: bigint[] = [];
  const found: Outcome[] = [];
  const column = (
    type: AppendableColumn['type'],
    of: (outcome: Outcome) => AppendableColumn['values'][number],
  ) => ({
    type,
    values: found.map(of),
  });
  return {
    get length() {
      return found.length;
    },
    add(record) {
      offsets.push(BigInt(record.offset));
      found.push(outcomeOf(partition, record, gold));
    },
    columns: () => [
      column('INTEGER', () => partition),
      { type: 'BIGINT', values: offsets },
      column('INTEGER', ({ reason }) => reason),
      column('INTEGER', ({ otherReason }) => otherReason),
      column('UBIGINT', ({ bronze }) => bronze),
      column('UBIGINT', ({ digest }) => digest),
      column('BIGINT', ({ eventUs }) => eventUs),
      ...gold.map(({ append }, at) => column(append, ({ gold: values }) => values[at] ?? null)),
    ],
  };
}

/**
 * A column of silver that gold uses, or a member of an object in one. The table of expected rows
 * keeps its value.
 */
interface GoldColumn {
  /** The pipeline's name for it: `customer.country`. */
  readonly path: string;
  /** The name in the table. */
  readonly column: string;
  readonly sqlType: string;
  /** Kept as Unix microseconds. */
  readonly isInstant: boolean;
  readonly append: AppendableColumn['type'];
  readonly of: (row: SilverRow) => AppendableColumn['values'][number];
}

/** The columns that the gold tables of a pipeline use, besides the event time. */
function goldColumns({ fields, eventTime, gold }: Pipeline): readonly GoldColumn[] {
  const silver = silverColumns(fields, eventTime);
  const paths = gold.flatMap(({ groupBy, measures }) => [
    ...groupBy.map((name) => pathText([name])),
    ...measures.flatMap(({ argument }) => columnsIn(argument)),
  ]);
  return [...new Set(paths)].map((path, at) => goldColumn(path, at, silver));
}

function goldColumn(path: string, at: number, silver: readonly Column[]): GoldColumn {
  const type = typeOfColumn(path, silver);
  if (type === undefined) throw new Error(`silver has no column ${path}`);
  const value = columnValue(path, silver);
  const kept = { path, column: `g${at}`, isInstant: type.kind === 'timestamp' };
  // Gold only checks whether an object or array is present.
  if (!isScalar(type)) {
    return { ...kept, sqlType: 'BOOLEAN', append: 'BOOLEAN', of: (row) => value(row) !== null || null };
  }
  const { append, of } = appendable(columnType(type) as ColumnType);
  return {
    ...kept,
    sqlType: kept.isInstant ? 'BIGINT' : sqlType(type),
    append,
    of: (row) => {
      const found = value(row);
      return found === null ? null : of(found);
    },
  };
}

/** How values of a type are passed to the database. It converts texts to decimals and dates. */
function appendable(type: ColumnType): {
  readonly append: AppendableColumn['type'];
  readonly of: (value: Value) => AppendableColumn['values'][number];
} {
  switch (type.kind) {
    case 'decimal':
      return { append: 'VARCHAR', of: (value) => decimalText(value as bigint, type.scale) };
    case 'date':
      return { append: 'VARCHAR', of: (value) => dateText(Number(value)) };
    case 'integer':
    case 'timestamp':
      return { append: 'BIGINT', of: (value) => value as bigint };
    case 'double':
      return { append: 'DOUBLE', of: (value) => value as number };
    case 'boolean':
      return { append: 'BOOLEAN', of: (value) => value as boolean };
    case 'string':
      return { append: 'VARCHAR', of: (value) => value as string };
  }
}

/**
 * The columns of a relation that has them by their names, as SQL over the table's. Partition and
 * offset are included already.
 */
function namedSql(columns: readonly GoldColumn[]): readonly string[] {
  const roots = new Set(columns.map(({ path }) => pathNames(path)[0] ?? ''));
  return [...roots]
    .filter((root) => root !== 'partition' && root !== 'offset')
    .map((root) => `${valueSql(columns, [root])} AS ${quoted(root)}`);
}

/** A column as it is, or an object of the members that are kept. */
function valueSql(columns: readonly GoldColumn[], names: readonly string[]): string {
  const path = pathText(names);
  const inside = columns.filter((each) => each.path.startsWith(`${path}.`));
  const members = [...new Set(inside.map((each) => pathNames(each.path)[names.length] ?? ''))];
  const own = columns.find((each) => each.path === path);
  if (members.length === 0 && own) {
    return own.isInstant ? `make_timestamp(${own.column})` : own.column;
  }
  const object = `struct_pack(${members.map((name) => `${quoted(name)} := ${valueSql(columns, [...names, name])}`).join(', ')})`;
  return own ? `CASE WHEN ${own.column} THEN ${object} END` : object;
}
