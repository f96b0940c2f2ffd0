import type { Pipeline } from '../../../pipeline/model.ts';
import type { AppendableColumn } from '../../duckdb/append-columns.ts';
import { bronzeTexts, digestOf, quarantineTexts, silverTexts } from '../../expected/row-digest.ts';
import { EVENT_US } from '../gold/silver-rows.ts';
import type { TopicRecord } from '../topic-reader.ts';
import type { HistoricalClassifier } from './classify-by-history.ts';
import { decoded } from './decoded-record.ts';
import { type GoldColumn, goldColumns, namedSql } from './gold-columns.ts';

/**
 * The table `expected`: what each record should become. `reason` is a number from 1, 0 for silver; `other_reason` one that is as right, or NULL;
 * `digest` is that of the row in silver or quarantine; and what gold is made of.
 */
export interface ExpectedTable {
  readonly createSql: string;
  /** The expected silver rows with the columns that gold is made of, as a relation. */
  readonly silverSql: string;
  /** Gathers rows of a partition. */
  rows(partition: number): ExpectedRows;
}

/** What the records of a partition should become, a row each. */
export interface ExpectedRows {
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
  const outcomeOf = outcomes(pipeline, classifier, topic);
  const named = namedSql(gold).map((sql) => `, ${sql}`);
  return {
    createSql: `CREATE TABLE expected (partition INTEGER, "offset" BIGINT, reason INTEGER, other_reason INTEGER,
      bronze UBIGINT, digest UBIGINT, event_us BIGINT${kept})`,
    silverSql: `(SELECT partition, "offset", event_us AS ${EVENT_US}${named.join('')} FROM expected WHERE reason = 0)`,
    rows: (partition) => gathered(partition, gold, outcomeOf),
  };
}

/** What becomes of a record: the numbers of its row, and of a silver row the values. */
interface Outcome {
  readonly reason: number;
  readonly otherReason: number | null;
  readonly bronze: bigint;
  readonly digest: bigint;
  readonly eventUs: bigint | null;
  readonly gold: AppendableColumn['values'];
}

type OutcomeOf = (partition: number, record: TopicRecord, gold: readonly GoldColumn[]) => Outcome;

function outcomes(pipeline: Pipeline, classifier: HistoricalClassifier, topic: string): OutcomeOf {
  const silver = silverTexts(pipeline);
  const eventAt = Object.keys(silver.sql).indexOf('event_time');
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
