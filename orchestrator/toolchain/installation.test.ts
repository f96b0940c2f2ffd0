import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { projectDir } from '../../tests/support/project.ts';
import { scratchFolder } from '../../tests/support/scratch-folder.ts';
import { slowRecipe, startsOf } from '../../tests/support/slow-installation.ts';
import { identityOf } from '../util/processes.ts';
import { ensureInstalled, type Recipe } from './installation.ts';
import { readStamp } from './stamp.ts';

let parent: string;
beforeEach(() => {
  parent = scratchFolder();
});

const go = () => writeFileSync(join(parent, 'go'), '');
const install = (recipe: Recipe, signal = new AbortController().signal, details: string[] = []) =>
  ensureInstalled(recipe, parent, { signal, onDetail: (detail) => details.push(detail) });
const leftBeside = () => readdirSync(parent).filter((name) => name.startsWith('thing.'));

/** The same installation in another process. */
function elsewhere() {
  const program = join(projectDir, 'tests', 'support', 'slow-installation.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, parent], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
const toolStarted = () => expect.poll(() => existsSync(join(parent, 'tool')), { timeout: 30_000 }).toBe(true);

test('what is there is not made again, and nothing is left next to it', async () => {
  go();
  expect(await install(slowRecipe(parent))).toMatchObject({ made: true });
  expect(await install(slowRecipe(parent))).toMatchObject({ made: false });
  expect(startsOf(parent)).toBe(1);
  expect(leftBeside()).toEqual([]);
});

test('another process waits, names the process it waits for, and finds it done', async () => {
  const first = elsewhere();
  await toolStarted();
  const details: string[] = [];
  const second = install(slowRecipe(parent), undefined, details);
  await expect.poll(() => details).toHaveLength(1);
  expect(details[0]).toBe(`waiting for process ${first.pid} (in ${parent}) to finish the thing`);
  go();
  expect(await second).toMatchObject({ made: false });
  expect(startsOf(parent)).toBe(1);
});

test('after a kill -9 the next run ends the tool that is left, starts from nothing and finishes', async () => {
  const first = elsewhere();
  await toolStarted();
  // The tool may begin before the command has noted it.
  await expect.poll(() => existsSync(join(parent, 'thing.making'))).toBe(true);
  first.kill('SIGKILL');
  await once(first, 'exit');
  const tool = Number(readFileSync(join(parent, 'tool'), 'utf8'));
  expect(identityOf(tool)).toBeDefined();
  expect(readStamp(join(parent, 'thing'), 'thing 1')).toBeUndefined();
  const abort = new AbortController();
  const second = install(slowRecipe(parent), abort.signal);
  await expect.poll(() => startsOf(parent)).toBe(2);
  expect(identityOf(tool)).toBeUndefined();
  go();
  expect(await second).toMatchObject({ made: true });
  expect(readdirSync(join(parent, 'thing'))).not.toContain(`part-of-${first.pid}`);
  expect(leftBeside()).toEqual([]);
});

test('an abort ends the tool, leaves nothing that counts, and the next run finishes', async () => {
  const abort = new AbortController();
  const first = install(slowRecipe(parent), abort.signal);
  await toolStarted();
  abort.abort(new Error('Ctrl-C'));
  await expect(first).rejects.toThrow('Ctrl-C');
  expect(existsSync(join(parent, 'thing'))).toBe(false);
  expect(leftBeside()).toEqual([]);
  go();
  expect(await install(slowRecipe(parent))).toMatchObject({ made: true });
});

test('a resumable recipe continues from what an aborted run left', async () => {
  const recipe = slowRecipe(parent, { resumable: true });
  const abort = new AbortController();
  const first = install(recipe, abort.signal);
  await toolStarted();
  abort.abort(new Error('Ctrl-C'));
  await expect(first).rejects.toThrow('Ctrl-C');
  expect(readStamp(recipe.folder, recipe.recipe)).toBeUndefined();
  let found: string[] = [];
  const build: Recipe['build'] = (job) => {
    found = readdirSync(job.folder);
    return recipe.build(job);
  };
  go();
  await install({ ...recipe, build });
  expect(found).toEqual([`part-of-${process.pid}`]);
});

test.each([false, true])('a damaged folder is made again from nothing (resumable: %s)', async (resumable) => {
  go();
  const recipe = slowRecipe(parent, { resumable });
  await install(recipe);
  writeFileSync(join(recipe.folder, 'content'), '');
  mkdirSync(join(recipe.folder, 'stray'));
  expect(await install(recipe)).toMatchObject({ made: true });
  expect(readFileSync(join(recipe.folder, 'content'), 'utf8')).toBe('made\n');
  expect(existsSync(join(recipe.folder, 'stray'))).toBe(false);
  expect(leftBeside()).toEqual([]);
});

test('what does not fit on the disk is refused before its tool starts', async () => {
  const recipe = slowRecipe(parent, { neededBytes: Number.MAX_SAFE_INTEGER });
  await expect(install(recipe)).rejects.toMatchObject({
    code: 'PROVISION_FAILED',
    message: expect.stringMatching(/^the thing needs \d+ MB of free disk space/),
  });
  expect(startsOf(parent)).toBe(0);
});
