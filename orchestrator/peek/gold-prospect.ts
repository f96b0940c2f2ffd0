import type { Database } from '../lake/database.ts';
import { readGoldCheckpoint, readThrough } from '../lake/gold-checkpoint.ts';
import type { EventTimeState } from '../lake/progress/event-time.ts';
import { batchOfFileNumber } from '../lake/sinks.ts';
import type { GoldTable, Pipeline } from '../pipeline/model.ts';
import { createRules, LOG_OFFSET, WINDOW_START, windowsOf } from '../verify/gold/compare-gold.ts';
import { newestEvents, readGold, silverOfFiles } from '../verify/gold/gold-batches.ts';
import { goldSql, microseconds } from '../verify/gold/gold-sql.ts';

/** How far a gold table is in event time, from the silver files that exist. */
export interface GoldProspect extends Omit<EventTimeState, 'watermarkMs' | 'closedAfterMs'> {
  /** ISO-8601 with Z. Null before there is one. */
  readonly watermark: string | null;
  readonly closedAfter: string | null;
}

export interface ProspectOptions {
  readonly outputPath: string;
  readonly pipeline: Pipeline;
  /** The last committed micro-batch of `ingest`. */
  readonly through: number;
}

/** How far the gold tables are, from their checkpoints and silver. */
export async function goldProspects(
  database: Database,
  options: ProspectOptions,
): Promise<readonly GoldProspect[]> {
  const prospects: GoldProspect[] = [];
  for (const table of options.pipeline.gold) prospects.push(await prospectOf(database, options, table));
  return prospects;
}

async function prospectOf(
  database: Database,
  { outputPath, pipeline, through }: ProspectOptions,
  table: GoldTable,
): Promise<GoldProspect> {
  const checkpoint = await readGoldCheckpoint(outputPath, table.name);
  const last = readThrough(checkpoint);
  const logged = new Map(
    [...checkpoint.seen].filter(
      ([file, logOffset]) => batchOfFileNumber(file) <= through && logOffset <= last,
    ),
  );
  const watermarkMs = checkpoint.batches.at(-1)?.watermarkMs ?? 0;
  const sql = goldSql(pipeline, table);
  const silver = silverOfFiles(outputPath, pipeline, logged.keys());
  const newest = await newestEvents(database, silver);
  const { rules } = readGold(checkpoint, logged, newest, pipeline.eventTime.watermarkMs);
  await createRules(database, logged, rules);
  const keys = sql.keys.map(({ column, type }) => `, ${column} ${type}`).join('');
  await database.run(`CREATE OR REPLACE TABLE prospect (window_start BIGINT, late BIGINT${keys})`);
  const isOpen = (start: string) => `${start} + ${sql.windowUs} > ${microseconds(watermarkMs)}`;
  const isLate = `${WINDOW_START} + ${sql.windowUs} <= r.late_us`;
  // One row for each window of each part of silver.
  await silver.insert(
    database,
    (relation) => `
      INSERT INTO prospect SELECT ${WINDOW_START}, count(*) FILTER (${isLate}) ${sql.keys.map(({ select }) => `, ${select}`).join('')}
      FROM (${windowsOf(relation, sql)}) w JOIN gold_rules r ON r.log_offset = w.${LOG_OFFSET}
      WHERE ${isOpen(WINDOW_START)} OR ${isLate} GROUP BY ALL`,
  );
  const names = ['window_start', ...sql.keys.map(({ column }) => column)].join(', ');
  const [row] = await database.all(`
    SELECT (SELECT count(*) FROM (SELECT DISTINCT ${names} FROM prospect WHERE ${isOpen('window_start')})),
      max(window_start) FILTER (${isOpen('window_start')}), coalesce(sum(late), 0) FROM prospect`);
  const [open, lastStart, late] = row ?? [];
  const closedAfterMs =
    lastStart === null || lastStart === undefined
      ? undefined
      : (Number(lastStart) + sql.windowUs) / 1000 + pipeline.eventTime.watermarkMs;
  return {
    table: table.name,
    watermark: watermarkMs > 0 ? new Date(watermarkMs).toISOString() : null,
    openWindows: Number(open),
    closedAfter: closedAfterMs === undefined ? null : new Date(closedAfterMs).toISOString(),
    late: Number(late),
  };
}
