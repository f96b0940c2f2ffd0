import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { type Database, withDatabase } from './database.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'confined-database-'));
  await writeFile(join(folder, 'allowed.csv'), 'a\n1\n');
  await writeFile(join(folder, 'other.csv'), 'a\n2\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const confined = <T>(use: (database: Database) => Promise<T>) =>
  withDatabase(undefined, async (database) => {
    await database.confine([join(folder, 'allowed.csv')]);
    return use(database);
  });

test('a temporary folder that cannot be used is named, with the variable that moves it', async () => {
  const missing = join(folder, 'missing');
  vi.stubEnv('TMPDIR', missing);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(withDatabase(undefined, async () => undefined)).rejects.toMatchObject({
    code: 'OUTPUT_NOT_WRITABLE',
    message: expect.stringContaining(`The temporary folder ${missing} cannot be used: ENOENT`),
    hint: expect.stringContaining('TMPDIR'),
  });
});

test('a confined database reads the files it was given, and spills to its own folder', async () => {
  const answer = await withDatabase(undefined, async (database) => {
    await database.run("SET memory_limit = '48MB'");
    await database.confine([join(folder, 'allowed.csv')]);
    // The table is larger than the memory limit.
    await database.run('CREATE TEMP TABLE large AS SELECT md5(range::VARCHAR) AS text FROM range(2000000)');
    return database.all(`SELECT a, (SELECT count(*) FROM large) FROM '${join(folder, 'allowed.csv')}'`);
  });
  expect(answer).toEqual([[1n, 2_000_000n]]);
});

test.each([
  ['reads no other file', () => `FROM read_csv('${join(folder, 'other.csv')}')`],
  ['reads no file through a relative path', () => `FROM read_csv('${join(folder, 'x')}/../other.csv')`],
  ['lists no folder', () => `FROM glob('${folder}/*')`],
  ['writes no file', () => `COPY (SELECT 1) TO '${join(folder, 'new.csv')}'`],
  ['attaches nothing', () => `ATTACH '${join(folder, 'new.db')}'`],
  ['exports nothing', () => `EXPORT DATABASE '${join(folder, 'new')}'`],
  ['loads nothing', () => 'LOAD httpfs'],
  ['installs nothing', () => 'INSTALL httpfs'],
  ['asks no network', () => "FROM read_csv('https://example.com/a.csv')"],
  ['is not given other files', () => `SET allowed_directories = ['${folder}']`],
  ['is not set free', () => 'SET enable_external_access = true'],
  ['is not unlocked', () => 'SET lock_configuration = false'],
])('a confined database %s', async (_what, sql) => {
  await expect(confined((database) => database.run(sql()))).rejects.toThrow(
    /disabled (by|through) configuration|configuration has been locked/,
  );
  expect((await readdir(folder)).sort()).toEqual(['allowed.csv', 'other.csv']);
});
