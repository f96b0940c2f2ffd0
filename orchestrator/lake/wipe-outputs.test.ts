import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlantedOutputs, rowsOf } from '../../tests/support/planted-outputs.ts';
import { planOutputsWipe, wipeOutputs } from './wipe-outputs.ts';

let outputs: PlantedOutputs;
let root: string;

/** OUTPUT_DIR is the folder above, as by default. */
beforeEach(async () => {
  outputs = await PlantedOutputs.create();
  root = outputs.path;
  await outputs.start({ 0: 0 });
  await outputs.commit(0, { 0: 3 });
  await outputs.ledger('bronze', 0, { 0: 1 }, 1);
  await outputs.write('_chk/_source.json', '{}');
  await outputs.write('_chk/._source.json.crc', 'crc');
  await outputs.write('_chk/_progress.jsonl', '{}');
  await outputs.write('_chk/_progress.jsonl.1', '{}');
  await outputs.write('_staging/part-0000.parquet', 'half');
  await outputs.write('.medallion-stream', '');
  await outputs.batch(0, rowsOf(0, 0, 3));
  await outputs.write('silver/.silver_20250102_030405_0.parquet.crc', 'crc');
  await mkdir(join(root, 'gold'));
});
afterEach(() => outputs.remove());

/** Every path below the folder, sorted. */
async function tree(): Promise<readonly string[]> {
  return (await readdir(root, { recursive: true })).sort();
}

/** Expects a refusal that names the path and leaves everything as it was. */
async function expectRefusal(path: string): Promise<void> {
  const before = await tree();
  await expect(wipeOutputs(root, join(root, '..'))).rejects.toMatchObject({
    code: 'FOREIGN_FILES',
    message: expect.stringContaining(path),
  });
  expect(await tree()).toEqual(before);
}

test('everything that the stack made is deleted, and so is the empty folder', async () => {
  const plan = await planOutputsWipe(root, join(root, '..'), { keepTopic: false });
  expect([...plan.found].sort()).toEqual(
    [
      '1 file in bronze',
      `1 file in ${root.split('/').at(-1)}`,
      '1 file in raw_csv',
      '2 files in silver',
      '_chk',
      '_staging',
    ].sort(),
  );
  expect([...(await plan.wipe())].sort()).toEqual([...plan.found].sort());
  await expect(readdir(root)).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each(['.DS_Store', '._bronze', 'Thumbs.db', 'desktop.ini', 'Desktop.ini'])(
  'what a file manager leaves in any folder goes with the outputs: %s',
  async (name) => {
    for (const folder of ['', 'silver', 'gold', '_chk', '_chk/ingest/offsets', '_staging']) {
      await outputs.write(join(folder, name), 'x');
    }
    await wipeOutputs(root, join(root, '..'));
    await expect(readdir(root)).rejects.toMatchObject({ code: 'ENOENT' });
  },
);

test("a folder of such a name is no file manager's", async () => {
  await outputs.write('silver/.DS_Store/thesis.doc', 'mine');
  await expectRefusal(join('silver', '.DS_Store'));
});

test('OUTPUT_DIR stays, without its marker', async () => {
  await wipeOutputs(root, root);
  expect(await readdir(root)).toEqual([]);
});

test('an answer key in OUTPUT_DIR is deleted with the topic and stays with it', async () => {
  const above = await mkdtemp(join(tmpdir(), 'output-dir-'));
  for (const folder of [above, root]) {
    const key = join(folder, 'answer-key.jsonl');
    await writeFile(key, '{}\n');
    await (await planOutputsWipe(root, folder, { keepTopic: true })).wipe();
    expect(existsSync(key)).toBe(true);
    await (await planOutputsWipe(root, folder, { keepTopic: false })).wipe();
    expect(existsSync(key)).toBe(false);
    await mkdir(root, { recursive: true });
  }
  await rm(above, { recursive: true });
});

test('a folder in the place of the answer key is foreign', async () => {
  await mkdir(join(root, 'answer-key.jsonl'));
  await expect(wipeOutputs(root, root)).rejects.toMatchObject({ code: 'FOREIGN_FILES' });
});

test('an absent folder needs no wipe', async () => {
  await rm(root, { recursive: true });
  expect(await wipeOutputs(root, join(root, '..'))).toEqual([]);
});

test.each([
  'notes.txt',
  'silver/notes.txt',
  'silver/_SUCCESS',
  'silver/bronze_20250102_030405_0.parquet',
  'silver/silver_20250102_030405_0.csv',
  'silver/.hidden.crc',
  '_chk/notes.txt',
  'other/silver_20250102_030405_0.parquet',
])('a foreign %s is named and nothing is deleted', async (name) => {
  await outputs.write(name, 'mine');
  await expectRefusal(join(root, name.startsWith('other') ? 'other' : name));
});

test('gold tables of any name are deleted with their checkpoints, and also when these are deleted already', async () => {
  const folder = join(outputs.path, 'hourly');
  for (const hasCheckpoint of [true, false]) {
    await outputs.gold(3, [{ card: 'A', start: 0, count: 1, sum: '1.00', max: '1.00' }], { table: 'hourly' });
    await outputs.write('hourly/.hourly_20250102_030405_3.parquet.crc', 'crc');
    if (hasCheckpoint) await outputs.goldBatch(0, 0, [0], 'hourly');
    expect(await wipeOutputs(outputs.path, outputs.path)).toContain('2 files in hourly');
    expect(existsSync(folder)).toBe(false);
  }
  await outputs.write('hourly/notes.txt', 'mine');
  await expect(wipeOutputs(outputs.path, outputs.path)).rejects.toMatchObject({ code: 'FOREIGN_FILES' });
  await rm(folder, { recursive: true });
  await outputs.write('_chk/mine/notes.txt', 'mine');
  await expect(wipeOutputs(outputs.path, outputs.path)).rejects.toMatchObject({ code: 'FOREIGN_FILES' });
});

test('what appears between plan and wipe is refused too', async () => {
  const plan = await planOutputsWipe(root, join(root, '..'), { keepTopic: false });
  await outputs.write('gold/notes.txt', 'mine');
  const before = await tree();
  await expect(plan.wipe()).rejects.toMatchObject({ code: 'FOREIGN_FILES' });
  expect(await tree()).toEqual(before);
});

test.each(['_chk/ingest/link', 'silver/silver_20250102_030405_9.parquet', 'quarantine', '_staging/link'])(
  'a symbolic link at %s is refused and what it points to stays',
  async (name) => {
    const elsewhere = await PlantedOutputs.create();
    try {
      await elsewhere.bronze(0, rowsOf(0, 0, 1));
      await symlink(elsewhere.path, join(root, name));
      await expectRefusal(join(root, name));
      expect(await readdir(join(elsewhere.path, 'bronze'))).toHaveLength(1);
    } finally {
      await elsewhere.remove();
    }
  },
);

test('OUTPUT_PATH that is a symbolic link or a file is refused', async () => {
  const link = `${root}-link`;
  await symlink(root, link);
  try {
    await expect(wipeOutputs(link, join(root, '..'))).rejects.toMatchObject({ code: 'FOREIGN_FILES' });
    expect(await readdir(join(root, 'bronze'))).toHaveLength(1);
  } finally {
    await rm(link);
  }
  await writeFile(join(root, 'file'), '');
  await expect(wipeOutputs(join(root, 'file'), root)).rejects.toMatchObject({ code: 'FOREIGN_FILES' });
});
