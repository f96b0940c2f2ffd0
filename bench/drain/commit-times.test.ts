import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitTimes } from './commit-times.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'commit-times-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function query(
  name: string,
  startedAt: number,
  commits: readonly (readonly [at: number, end: number])[],
): void {
  const path = join(folder, name);
  for (const kind of ['offsets', 'commits']) mkdirSync(join(path, kind), { recursive: true });
  writeFileSync(join(path, 'metadata'), '{}');
  utimesSync(join(path, 'metadata'), startedAt, startedAt);
  for (const [batch, [at, end]] of commits.entries()) {
    writeFileSync(join(path, 'offsets', `${batch}`), `v1\n{}\n{"drain":{"1":${end},"0":7}}`);
    writeFileSync(join(path, 'commits', `${batch}`), 'v1\n{}');
    writeFileSync(join(path, 'commits', `.${batch}.crc`), '');
    utimesSync(join(path, 'commits', `${batch}`), at, at);
  }
}

describe('the time of a drain', () => {
  it('is from the first start of a query to the last commit of any', async () => {
    query('bronze', 1000, [
      [1010, 5],
      [1020, 9],
    ]);
    query('gold', 1001.5, [[1033.25, 9]]);
    mkdirSync(join(folder, '_pruned'));
    expect(await commitTimes(folder, [7, 9])).toEqual({ seconds: 33.25, batches: 2 });
  });

  it('is refused when a query ended before the end of the topic', async () => {
    query('bronze', 1000, [[1010, 9]]);
    query('silver', 1000, [[1010, 5]]);
    await expect(commitTimes(folder, [7, 9])).rejects.toThrow(/silver ends at .*"1":5.*"1":9/);
  });

  it('goes on until gold has read all files of silver', async () => {
    const chk = join(folder, '_chk');
    mkdirSync(join(folder, 'silver'));
    for (const batch of [0, 1])
      writeFileSync(join(folder, 'silver', `silver_20260101_000000_${batch}.parquet`), '');
    query('_chk/ingest', 1000, [[1010, 9]]);
    query('_chk/gold', 1000, [
      [1011, 0],
      [1012, 0],
    ]);
    mkdirSync(join(chk, 'gold', 'sources', '0'), { recursive: true });
    const log = (batch: number) => {
      const path = `file:/out/silver/silver_20260101_000000_${batch}.parquet`;
      const entry = JSON.stringify({ path, timestamp: 1, batchId: batch });
      writeFileSync(join(chk, 'gold', 'sources', '0', `${batch}`), `v1\n${entry}`);
    };
    const read = (logOffset: number) =>
      writeFileSync(
        join(chk, 'gold', 'offsets', '1'),
        `v1\n{"batchWatermarkMs":0}\n${JSON.stringify({ logOffset })}`,
      );
    log(0);
    read(0);
    await expect(commitTimes(chk, [7, 9])).rejects.toThrow(/gold has not read 1 of the 2 files of silver/);
    log(1);
    await expect(commitTimes(chk, [7, 9])).rejects.toThrow(/gold has not read 1 of the 2 files of silver/);
    read(1);
    expect(await commitTimes(chk, [7, 9])).toEqual({ seconds: 12, batches: 1 });
  });

  it('is refused when a query has committed nothing', async () => {
    query('bronze', 1000, []);
    await expect(commitTimes(folder, [7, 9])).rejects.toThrow(/bronze ends at \{\}/);
  });
});
