import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { truncateStaged } from './staged-files.ts';

const never = new AbortController().signal;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chaos-staged-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function staged(path: string, bytes: number): string {
  const file = join(folder, '_staging', 'ingest', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.alloc(bytes, 'x'));
  return file;
}

describe('a staged file', () => {
  it('loses its tail, by at least a byte', async () => {
    const file = staged('4/bronze/part-0.parquet', 1000);
    expect(await truncateStaged(folder, 0.4, 1000, never)).toContain('part-0.parquet, 1000 to 400 bytes');
    expect(statSync(file).size).toBe(400);
    await truncateStaged(folder, 0.999, 1000, never);
    expect(statSync(file).size).toBe(399);
  });

  it('is awaited until there is one', async () => {
    const cut = truncateStaged(folder, 0.5, 5000, never);
    setTimeout(() => staged('5/first/part=silver/part-1.parquet', 10), 50);
    expect(await cut).toContain('10 to 5 bytes');
  });

  it('that is still being written, or joined, is left alone', async () => {
    staged('4/bronze/_temporary/0/part-0.parquet', 10);
    staged('4/bronze.joined', 10);
    await expect(truncateStaged(folder, 0.5, 100, never)).rejects.toMatchObject({ code: 'GATE_TIMEOUT' });
  });

  it('is awaited no longer when the run is aborted', async () => {
    const abort = new AbortController();
    const cut = truncateStaged(folder, 0.5, 60_000, abort.signal);
    abort.abort(new Error('enough'));
    await expect(cut).rejects.toThrow('enough');
  });
});
