import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database, withDatabase } from '../../orchestrator/lake/database.ts';
import { assertComplete } from './assert-complete.ts';

const { signal } = new AbortController();
const range = { starts: [100, 0], ends: [110, 10] };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assert-complete-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Twenty records, one of them malformed, a minute of event time apart in each partition. */
async function outputs(change: (database: Database) => Promise<void> = async () => {}): Promise<void> {
  await withDatabase(signal, async (database) => {
    await database.run(`CREATE TABLE bronze AS SELECT p::INT AS "partition", i + 100 * (1 - p) AS "offset"
      FROM range(2) parts(p), range(10) rows(i)`);
    await database.run(
      `CREATE TABLE quarantine AS SELECT * FROM bronze WHERE "partition" = 1 AND "offset" = 3`,
    );
    await database.run(`CREATE TABLE silver AS SELECT *, 'card' AS card_id,
      TIMESTAMP '2026-01-01 00:00:00' + INTERVAL 1 MINUTE * ("offset" % 100) AS event_time
      FROM bronze ANTI JOIN quarantine USING ("partition", "offset")`);
    await database.run('CREATE TABLE raw_csv AS SELECT card_id, event_time FROM silver');
    // The newest event is of minute 9: windows 0 to 3 are closed.
    await database.run(`CREATE TABLE gold AS SELECT event_time AS window_start, count(*) AS txn_count
      FROM silver WHERE minute(event_time) < 4 GROUP BY ALL`);
    await change(database);
    for (const sink of ['bronze', 'silver', 'quarantine', 'gold']) {
      mkdirSync(join(folder, sink));
      await database.run(`COPY ${sink} TO '${folder}/${sink}/part.parquet' (FORMAT parquet)`);
    }
    mkdirSync(join(folder, 'raw_csv'));
    await database.run(`COPY raw_csv TO '${folder}/raw_csv/part.csv' (FORMAT csv, HEADER)`);
  });
}

const check = () => assertComplete('medallion', folder, range, signal);

describe('outputs', () => {
  it('pass when every record is where it belongs, once', async () => {
    await outputs();
    await expect(check()).resolves.toBeUndefined();
  });

  it('pass without gold when no window is closed', async () => {
    await outputs(async (database) => {
      await database.run(`UPDATE silver SET event_time = TIMESTAMP '2026-01-01 00:00:00'`);
    });
    rmSync(join(folder, 'gold'), { recursive: true });
    await expect(check()).resolves.toBeUndefined();
  });

  it('pass without quarantine when every record is in silver', async () => {
    await outputs(async (database) => {
      await database.run('DELETE FROM quarantine');
      await database.run(`INSERT INTO silver SELECT 1, 3, 'card', TIMESTAMP '2026-01-01 00:09:00'`);
      await database.run('INSERT INTO raw_csv SELECT card_id, event_time FROM silver LIMIT 1');
    });
    rmSync(join(folder, 'quarantine'), { recursive: true });
    await expect(check()).resolves.toBeUndefined();
  });

  it('do not pass without gold when windows are closed', async () => {
    await outputs();
    rmSync(join(folder, 'gold'), { recursive: true });
    await expect(check()).rejects.toThrow(/gold rows is 0, not 4/);
  });

  it.each([
    ['a bronze row is missing', 'DELETE FROM bronze WHERE "offset" = 105', /bronze rows is 19, not 20/],
    [
      'a bronze row is doubled in place of another',
      'UPDATE bronze SET "offset" = 104 WHERE "offset" = 105',
      /distinct offsets of bronze rows is 19/,
    ],
    [
      'a row is beyond the range',
      'UPDATE bronze SET "offset" = 999 WHERE "offset" = 105',
      /distinct offsets of bronze rows is 19/,
    ],
    [
      'a silver row is in quarantine, too, and another in neither',
      'UPDATE silver SET "offset" = 3 WHERE "partition" = 1 AND "offset" = 4',
      /distinct offsets of silver and quarantine rows is 19/,
    ],
    [
      'a line of raw_csv is missing',
      'DELETE FROM raw_csv WHERE minute(event_time) = 9',
      /raw_csv rows is 17, not 19/,
    ],
    [
      'a closed window is not in gold',
      'DELETE FROM gold WHERE minute(window_start) = 1',
      /gold rows is 3, not 4/,
    ],
    [
      'a window lacks a row',
      'UPDATE gold SET txn_count = 1 WHERE minute(window_start) = 1',
      /rows in gold is 6, not 7/,
    ],
  ])('fail when %s', async (_what, statement, message) => {
    await outputs((database) => database.run(statement));
    await expect(check()).rejects.toThrow(message);
  });
});
