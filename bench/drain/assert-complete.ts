import { join } from 'node:path';
import { type Database, sqlText, withDatabase } from '../../orchestrator/lake/database.ts';
import { columnsOfOutput, relationOf } from '../../orchestrator/lake/file-source.ts';
import { quoted } from '../../orchestrator/lake/pipeline-sql.ts';
import { loadPipeline } from '../../orchestrator/pipeline/load-pipeline.ts';
import { namesIfPresent } from '../../orchestrator/util/files.ts';
import { ProductError } from '../../orchestrator/util/product-error.ts';
import { goldSql } from '../../orchestrator/verify/gold/gold-sql.ts';
import type { Side } from './side.ts';

/** The pipeline that every side runs. */
const transactions = loadPipeline('transactions', join(import.meta.dirname, '../..'));

/** Its gold table, whose windows do not overlap. */
const [table] = transactions.gold;
/** The measure that counts the table's rows. */
const counted = table?.measures.find(({ argument }) => argument === null)?.name;

/** The records that a side had to read: offsets from `starts` to before `ends`, by partition. */
export interface OffsetRange {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/**
 * Checks that nothing is missing or doubled in what a side wrote, so that no figure is printed for
 * incomplete work. For reading alone, only the offsets can be checked.
 * @throws ProductError VERIFY_DIFFERENCE
 */
export async function assertComplete(
  side: Side,
  output: string,
  range: OffsetRange,
  signal: AbortSignal,
): Promise<void> {
  const records = range.ends.reduce((sum, end, at) => sum + end - (range.starts[at] ?? 0), 0);
  if (side === 'noop') return;
  await withDatabase(signal, async (database) => {
    const expect = async (what: string, sql: string, wanted: number) => {
      const [row] = await database.all(sql);
      if (Number(row?.[0]) === wanted) return;
      throw new ProductError('VERIFY_DIFFERENCE', {
        message: `${side}: ${what} is ${Number(row?.[0])}, not ${wanted}.`,
        hint: 'The outputs are not complete; nothing was measured.',
      });
    };
    if (side === 'parquet') {
      await everyOffsetOnce(parquet(output, 'parsed'), 'parsed rows');
      return;
    }
    const silver = parquet(output, 'silver');
    const quarantine = await parquetIfAny(output, 'quarantine');
    await everyOffsetOnce(parquet(output, 'bronze'), 'bronze rows');
    if (side === 'medallion' || side === 'other') {
      const both = [silver, quarantine].map((rows) => `SELECT "partition", "offset" FROM ${rows}`);
      await everyOffsetOnce(`(${both.join(' UNION ALL ')})`, 'silver and quarantine rows');
    }
    await expect(
      'silver and quarantine rows',
      `SELECT (SELECT count(*) FROM ${silver}) + (SELECT count(*) FROM ${quarantine})`,
      records,
    );
    const silverRows = await countOf(database, silver);
    await expect('raw_csv rows', `SELECT count(*) FROM ${csv(output)}`, silverRows);
    await goldIsComplete(silver, await parquetIfAny(output, 'gold'));

    async function everyOffsetOnce(rows: string, what: string) {
      await expect(what, `SELECT count(*) FROM ${rows}`, records);
      await expect(
        `distinct offsets of ${what}`,
        `SELECT count(DISTINCT ("partition"::BIGINT << 48) + "offset") FROM ${rows} WHERE ${inRange(range)}`,
        records,
      );
    }

    /**
     * Checks that every window that event time has passed by the watermark is there once, with all
     * its rows.
     */
    async function goldIsComplete(rows: string, gold: string) {
      if (!table || counted === undefined) throw new Error('transactions has no gold table that counts rows');
      const { keys, windowUs } = goldSql(transactions, table);
      const start = `(epoch_us(event_time) // ${windowUs} * ${windowUs})`;
      const delayUs = windowUs + transactions.eventTime.watermarkMs * 1000;
      const closed = `${start} + ${delayUs} <= (SELECT max(epoch_us(event_time)) FROM ${rows})`;
      const [windows] = await database.all(
        `SELECT count(DISTINCT (${[start, ...keys.map(({ select }) => select)].join(', ')})), count(*) FROM ${rows} WHERE ${closed}`,
      );
      await expect('gold rows', `SELECT count(*) FROM ${gold}`, Number(windows?.[0]));
      await expect('rows in gold', `SELECT sum(${quoted(counted)}) FROM ${gold}`, Number(windows?.[1]));
    }
  });
}

async function countOf(database: Database, rows: string): Promise<number> {
  const [row] = await database.all(`SELECT count(*) FROM ${rows}`);
  return Number(row?.[0]);
}

function inRange({ starts, ends }: OffsetRange): string {
  const ranges = ends.map(
    (end, partition) =>
      `("partition" = ${partition} AND "offset" >= ${starts[partition] ?? 0} AND "offset" < ${end})`,
  );
  return ranges.join(' OR ');
}

const parquet = (output: string, sink: string): string =>
  `read_parquet(${sqlText(`${output}/${sink}/*.parquet`)})`;

/**
 * Records without faults give no file of quarantine, and a few minutes of event time give none of
 * gold.
 */
async function parquetIfAny(output: string, sink: 'quarantine' | 'gold'): Promise<string> {
  const names = await namesIfPresent(join(output, sink));
  return names.some((name) => name.endsWith('.parquet'))
    ? parquet(output, sink)
    : `(${await relationOf(sink, columnsOfOutput(transactions, sink), [])})`;
}

const csv = (output: string): string =>
  `read_csv(${sqlText(`${output}/raw_csv/*.csv`)}, header = true, all_varchar = true)`;
