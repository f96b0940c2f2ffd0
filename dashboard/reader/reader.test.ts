import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NoAnswer, Reader } from './reader.ts';

/** A program that does what the SQL says, so that the process itself can be tried. */
const PROGRAM = `
process.on('message', ({ name, sql, output }) => {
  if (sql === 'exit') process.exit(1);
  if (sql === 'hang') return;
  if (sql === 'refuse') process.send({ error: { message: 'It is not a query.', isUsers: true } });
  else if (sql === 'fail') process.send({ error: { message: 'a file is damaged', isUsers: false } });
  else {
    process.send({ progress: 'half' });
    process.send({ answer: { columns: [name, String(process.pid)], rows: [[output ?? sql]], hasMore: false } });
  }
});
process.on('disconnect', () => process.exit(0));
`;

let folder: string;
let reader: Reader;
const readerWith = (changes: Partial<ConstructorParameters<typeof Reader>[0]> = {}) =>
  new Reader({
    ...{ timeoutMs: 10_000, mostWaiting: 4, idleMs: 10_000, program: join(folder, 'program.mjs') },
    ...changes,
  });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reader-'));
  writeFileSync(join(folder, 'program.mjs'), PROGRAM);
  reader = readerWith();
});
afterEach(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});
const pidOf = async (sql: string) => Number((await reader.ask('sql', { sql })).columns[1]);
const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it('answers questions in their order, from one process', async () => {
  const progress: string[] = [];
  const answers = await Promise.all([
    reader.ask('rows', { output: 'silver' }, (phrase) => progress.push(phrase)),
    reader.ask('sql', { sql: 'FROM gold' }),
  ]);
  expect(answers.map(({ rows }) => rows[0]?.[0])).toEqual(['silver', 'FROM gold']);
  expect(new Set(answers.map(({ columns }) => columns[1])).size).toBe(1);
  expect(progress).toEqual(['half']);
});

it('distinguishes a wrong question from a failure', async () => {
  await expect(reader.ask('sql', { sql: 'refuse' })).rejects.toMatchObject({
    reason: 'refused',
    message: 'It is not a query.',
  });
  await expect(reader.ask('sql', { sql: 'fail' })).rejects.toMatchObject({ reason: 'failed' });
});

it('goes on with a new process after one that has ended', async () => {
  const first = await pidOf('a');
  const [ended, next] = await Promise.allSettled([reader.ask('sql', { sql: 'exit' }), pidOf('b')]);
  expect(ended).toMatchObject({ reason: new NoAnswer('failed', 'its process has ended') });
  expect(next.status).toBe('fulfilled');
  expect(await pidOf('c')).not.toBe(first);
});

it('kills what takes too long', async () => {
  reader = readerWith({ timeoutMs: 1500 });
  const pid = await pidOf('a');
  await expect(reader.ask('sql', { sql: 'hang' })).rejects.toMatchObject({
    reason: 'failed',
    message: 'it took longer than 1.5 s and was ended',
  });
  await expect.poll(() => isRunning(pid)).toBe(false);
  expect(await pidOf('b')).not.toBe(pid);
});

it('refuses more than it can hold', async () => {
  reader = readerWith({ mostWaiting: 1 });
  const first = reader.ask('sql', { sql: 'a' });
  const second = reader.ask('sql', { sql: 'b' });
  await expect(reader.ask('sql', { sql: 'c' })).rejects.toMatchObject({ reason: 'busy' });
  await Promise.all([first, second]);
});

it('has no process while nobody asks', async () => {
  reader = readerWith({ idleMs: 50 });
  const pid = await pidOf('a');
  await expect.poll(() => isRunning(pid)).toBe(false);
  expect(await pidOf('b')).not.toBe(pid);
});

it('leaves no process behind', async () => {
  const pid = await pidOf('a');
  const open = reader.ask('sql', { sql: 'hang' });
  reader.close();
  await expect(open).rejects.toMatchObject({ message: 'the dashboard stops' });
  await expect.poll(() => isRunning(pid)).toBe(false);
});
