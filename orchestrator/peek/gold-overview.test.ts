import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlantedOutputs } from '../../tests/support/planted-outputs.ts';
import { projectDir } from '../../tests/support/project.ts';
import { withDatabase } from '../lake/database.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { GoldTable, Pipeline } from '../pipeline/model.ts';
import { goldJson, goldOverview, goldTableJson } from './gold-overview.ts';
import { goldLines } from './gold-text.ts';

const readings = loadPipeline('data/fixtures/pipelines/readings/', projectDir);
const START = Date.UTC(2026, 0, 1, 10);
const SLIDE = 20_000;

let outputs: PlantedOutputs;
beforeEach(async () => {
  outputs = await PlantedOutputs.create();
});
afterEach(() => outputs.remove());

/** A row of gold: sensor, start of the window, readings, highest. */
type Row = readonly [sensor: number, start: number, readings: number, highest: number];

async function overviewOf(table: GoldTable, rows: readonly Row[]) {
  const pipeline: Pipeline = { ...readings, gold: [table] };
  const path = outputs.fileOf(table.name, 0);
  if (rows.length > 0) {
    const values = rows.map((row) => `(${row.join(', ')})`);
    const key = table.groupBy.map((name) => `sensor::BIGINT AS ${name},`).join('');
    await outputs.parquet(
      path,
      `SELECT ${key} to_timestamp(start / 1000) AS window_start, to_timestamp((start + ${table.windowMs}) / 1000) AS window_end,
        n::BIGINT AS readings, 1.5::DOUBLE AS lowest, high::DOUBLE AS highest, 2.5::DOUBLE AS mean
      FROM (VALUES ${values.join(', ')}) v(sensor, start, n, high)`,
    );
  }
  const files = rows.length > 0 ? [{ path, batch: 0, part: undefined }] : [];
  return withDatabase(undefined, (database) => goldOverview(database, pipeline, table, files));
}

const [bySensor] = readings.gold as [GoldTable];

describe('windows that slide', () => {
  // Each reading is in three windows. Sensor 1 has 2, 4 and 8 readings in these stretches of 20 s.
  const rows: readonly Row[] = [
    [1, START - 2 * SLIDE, 2, 20.1],
    [1, START - SLIDE, 6, 20.1 + 0.2],
    [1, START, 14, 20.1],
    [1, START + SLIDE, 12, 20.1],
    [1, START + 2 * SLIDE, 8, 20.1],
    [2, START - 2 * SLIDE, 5, 99],
  ];

  it('are all in the spark-line, while a sum has each event once', async () => {
    const overview = await overviewOf(bySensor, rows);
    expect(overview.newest).toMatchObject({
      from: '2026-01-01T09:59:20Z',
      to: '2026-01-01T10:00:40Z',
      windows: 5,
      groups: [
        { keys: ['1'], counts: [2, 6, 14, 12, 8], measures: ['14', '1.5', '20.3'] },
        { keys: ['2'], counts: [5, 0, 0, 0, 0], measures: ['0', null, null] },
      ],
    });
    expect(goldLines(overview, 2, 100)).toEqual([
      'Gold table by_sensor: the most active by sensor of the newest 5 closed windows of 1 minute, one every 20 seconds, 2026-01-01 09:59:20 to 2026-01-01 10:00:40 (UTC):',
      'sensor  readings  lowest  highest  by window',
      '1             14     1.5     20.3  ▂▄█▇▅',
      '2              0       -        -  █····',
    ]);
  });

  it('are given as JSON by the names of the columns', async () => {
    const overview = await overviewOf(bySensor, rows);
    expect(goldTableJson(overview)).toEqual({
      ...{ table: 'by_sensor', windowMs: 60_000, slideMs: 20_000, windows: 5, groupCount: 2 },
      ...{ from: '2026-01-01T09:59:20Z', to: '2026-01-01T10:00:40Z', counted: 'readings' },
      groups: [
        {
          columns: { sensor: '1', readings: 14, lowest: '1.5', highest: '20.3' },
          byWindow: [2, 6, 14, 12, 8],
        },
        {
          columns: { sensor: '2', readings: 0, lowest: null, highest: null },
          byWindow: [5, 0, 0, 0, 0],
        },
      ],
    });
    expect(goldJson(overview)).toMatchObject({
      table: 'by_sensor',
      cards: [{ sensor: '1', readings_by_window: [2, 6, 14, 12, 8] }, {}],
    });
  });
});

describe('a gold table', () => {
  it('without keys has one line', async () => {
    const table = { ...bySensor, name: 'overall', groupBy: [], windowMs: 600_000, slideMs: 600_000 };
    const overview = await overviewOf(table, [
      [0, START, 3, 30.000000000000004],
      [0, START + 600_000, 6, 25],
    ]);
    expect(goldLines(overview, 1, 100)).toEqual([
      'Gold: the newest 2 closed windows of 10 minutes, 2026-01-01 10:00 to 2026-01-01 10:10 (UTC):',
      'readings  lowest  highest  by window',
      '       9     1.5       30  ▄█',
    ]);
  });

  it('shows its most active groups, and how many others there are', async () => {
    const rows = Array.from({ length: 1300 }, (_, at): Row => [at, START, 1300 - at, 1]);
    const lines = goldLines(await overviewOf(bySensor, rows), 1, 100);
    expect(lines[0]).toBe('Gold: the most active by sensor of the newest window, 2026-01-01 10:00:00 (UTC):');
    expect(lines.slice(2).map((line) => line.split(' ')[0])).toEqual([
      ...['0', '1', '2', '3', '4', '5', '6', '7'],
      'and',
    ]);
    expect(lines.at(-1)).toBe('and 1,292 less active');
  });

  it('without a measure that counts shows in how many windows a group is', async () => {
    const measures = bySensor.measures.filter((measure) => measure.function === 'avg');
    const table = { ...bySensor, measures, slideMs: bySensor.windowMs };
    const overview = await overviewOf(table, [
      [7, START, 1, 1],
      [7, START + 120_000, 1, 1],
    ]);
    expect(goldLines(overview, 1, 100).slice(1)).toEqual(['sensor  by minute', '7       █·█']);
  });

  it('without a closed window says what closes one', async () => {
    const overview = await overviewOf(bySensor, []);
    expect(goldLines(overview, 3, 100)).toEqual([
      'Gold table by_sensor: no closed window yet; one follows when event time has passed its end by the watermark.',
    ]);
    expect(goldTableJson(overview)).toMatchObject({ table: 'by_sensor', windows: 0, groups: [] });
    expect(goldJson(overview)).toBeNull();
  });
});
