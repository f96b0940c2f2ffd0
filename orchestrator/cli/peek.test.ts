import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PlantedOutputs, rowsOf } from '../../tests/support/planted-outputs.ts';

/** A separate process has to load, perhaps on a busy machine. */
const TIMEOUT_MS = 60_000;

const projectDir = join(import.meta.dirname, '..', '..');
let outputs: PlantedOutputs;
let temporary: string;

beforeAll(async () => {
  outputs = await PlantedOutputs.create();
  temporary = await mkdtemp(join(tmpdir(), 'peek-'));
  await outputs.start({ 0: 0 });
  await outputs.commit(0, { 0: 3 });
  await outputs.batch(0, rowsOf(0, 0, 3));
});
afterAll(async () => {
  await outputs.remove();
  await rm(temporary, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const folders = [
    '--runtime',
    'local',
    '--output-path',
    outputs.path,
    '--run-dir',
    join(outputs.path, 'run'),
  ];
  const child = spawn(process.execPath, ['bootstrap.mjs', 'peek', ...folders, ...args], {
    cwd: projectDir,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (piece: string) => {
      text[name] += piece;
    });
  }
  return { child, ended: once(child, 'close').then(([code]) => ({ code, ...text })) };
}
const run = (...args: readonly string[]) => start(args).ended;

test(
  'peek shows everything without a colour, and --sql answers as table, CSV and JSON',
  async () => {
    const [all, table, csv, json] = await Promise.all([
      run(),
      run('--sql', 'SELECT "offset" FROM silver ORDER BY 1', '-n', '2'),
      run('--csv', '--sql', 'SELECT "offset" FROM silver ORDER BY 1'),
      run('--json', '--sql', 'SELECT "offset" FROM silver ORDER BY 1', '--limit', '1'),
    ]);
    expect(all).toMatchObject({ code: 0, stderr: '' });
    expect(all.stdout).toMatch(
      /^sink +rows[\s\S]*\nGold: no closed[\s\S]*\nRejected: nothing[\s\S]*\nNewest rows of silver:/,
    );
    expect(all.stdout).not.toContain('\u001b');
    expect(table).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^offset\n +0\n +1\nCut after 2 rows/),
    });
    expect(csv).toEqual({ code: 0, stdout: 'offset\r\n0\r\n1\r\n2\r\n', stderr: '' });
    expect(JSON.parse(json.stdout)).toEqual({
      columns: [{ name: 'offset', type: 'BIGINT' }],
      rows: [{ offset: 0 }],
    });
  },
  TIMEOUT_MS,
);

test(
  'CSV begins with a byte order mark where --bom asks for it, and --bom needs --csv',
  async () => {
    const query = ['--sql', `SELECT 'São Paulo' AS city`];
    const [plain, marked, alone] = await Promise.all([
      run('--csv', ...query),
      run('--csv', '--bom', ...query),
      run('--bom', ...query),
    ]);
    expect(plain).toEqual({ code: 0, stdout: 'city\r\nSão Paulo\r\n', stderr: '' });
    expect(marked).toEqual({ code: 0, stdout: '\ufeffcity\r\nSão Paulo\r\n', stderr: '' });
    expect(alone).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--bom needs --csv. [BAD_USAGE]'),
    });
  },
  TIMEOUT_MS,
);

test(
  'what is refused ends with exit code 2 and a hint',
  async () => {
    const [write, csv, mixed, both] = await Promise.all([
      run('--json', '--sql', `COPY silver TO '${join(temporary, 'x.csv')}'`),
      run('--csv'),
      run('silver', '--sql', 'FROM gold'),
      run('--csv', '--json', '--sql', 'FROM gold'),
    ]);
    expect(write.code).toBe(2);
    expect(JSON.parse(write.stdout)).toMatchObject({ error: { code: 'BAD_SQL', exitCode: 2 } });
    expect(csv).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('--csv needs --sql. [BAD_USAGE]'),
    });
    expect(mixed).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('so that silver has no meaning'),
    });
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('exclude each other') });
    expect(await readdir(temporary)).not.toContain('x.csv');
  },
  TIMEOUT_MS,
);

test(
  'Ctrl-C ends a running query with exit code 130 and removes its temporary folder',
  async () => {
    const before = new Set(await readdir(temporary));
    const sql =
      'SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range = b.range + random()';
    const { child, ended } = start(['--sql', sql]);
    const isNew = (name: string) => name.startsWith('medallion-stream-') && !before.has(name);
    await expect
      .poll(async () => (await readdir(temporary)).some(isNew), { timeout: TIMEOUT_MS / 2 })
      .toBe(true);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, stdout: '' });
    expect((await readdir(temporary)).filter(isNew)).toEqual([]);
  },
  TIMEOUT_MS,
);
