import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProgressSource } from './progress-source.ts';

let root: string;
let path: string;
let source: ProgressSource;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'progress-'));
  await mkdir(join(root, '_chk'));
  path = join(root, '_chk', '_progress.jsonl');
  source = new ProgressSource(root);
});
afterEach(() => rm(root, { recursive: true }));

const line = (batch: number): string =>
  `${JSON.stringify({
    ...{ query: 'ingest', batch, at: '2026-11-26T17:00:00.123Z', rows: { bronze: 5 } },
    ...{ rejected: {}, unmet: {}, ms: { total: 900 }, lag: 0 },
  })}\n`;

async function read() {
  const { batches, ...rest } = await source.read();
  return { ...rest, batches: batches.map(({ batch }) => batch) };
}

describe('the progress of the job', () => {
  it('is none before the job has committed a micro-batch', async () => {
    expect(await read()).toEqual({ isThere: false, isFresh: false, batches: [] });
  });

  it('is read from the beginning, then as far as it is new', async () => {
    await writeFile(path, line(1) + line(2));
    expect(await read()).toEqual({ isThere: true, isFresh: false, batches: [1, 2] });
    expect((await read()).batches).toEqual([]);
    await appendFile(path, line(3));
    expect((await read()).batches).toEqual([3]);
  });

  it('begins with the predecessor of the file', async () => {
    await writeFile(`${path}.1`, line(1));
    await writeFile(path, line(2));
    expect(await read()).toEqual({ isThere: true, isFresh: false, batches: [1, 2] });
  });

  it('waits for the end of a line, and skips what is no line of the job', async () => {
    await writeFile(path, `${line(1)}half a li\n${line(2).slice(0, 20)}`);
    expect((await read()).batches).toEqual([1]);
    await appendFile(path, line(2).slice(20));
    expect((await read()).batches).toEqual([2]);
  });

  it('continues over a rotation without a gap', async () => {
    await writeFile(path, line(1));
    await read();
    await appendFile(path, line(2));
    await rename(path, `${path}.1`);
    expect(await read()).toEqual({ isThere: true, isFresh: false, batches: [2] });
    await writeFile(path, line(3));
    expect(await read()).toEqual({ isThere: true, isFresh: false, batches: [3] });
    await appendFile(path, line(4));
    expect((await read()).batches).toEqual([4]);
  });

  it('begins again with other outputs', async () => {
    await writeFile(path, line(7));
    await read();
    await rm(path);
    expect(await read()).toEqual({ isThere: false, isFresh: true, batches: [] });
    await writeFile(path, line(0));
    expect(await read()).toEqual({ isThere: true, isFresh: false, batches: [0] });
    await writeFile(`${path}.new`, line(0));
    await rename(`${path}.new`, path);
    expect(await read()).toEqual({ isThere: true, isFresh: true, batches: [0] });
  });
});
