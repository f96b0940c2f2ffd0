import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { scratchFolder, script } from '../../tests/support/scratch-folder.ts';
import { findPython } from './python-packages.ts';

let bin: string;
beforeEach(() => {
  bin = scratchFolder();
});

const signal = new AbortController().signal;
const find = (environment: Record<string, string> = {}) => findPython({ PATH: bin, ...environment }, signal);
const python = (name: string, version: string, problem = '') =>
  script(join(bin, name), `printf '%s\\n' '${version}' '/base/python' "${problem}"`);

test('python3 on PATH is taken when it is usable', async () => {
  const executable = python('python3', '3.11');
  python('python3.13', '3.13');
  expect(await find()).toEqual({ executable, base: '/base/python', version: '3.11' });
});

test('a Python that is too old, broken or without venv gives way to the newest that is usable', async () => {
  python('python3', '3.8');
  script(join(bin, 'python3.12'), 'exit 1');
  python('python3.11', '3.11', "No module named 'ensurepip'");
  const executable = python('python3.10', '3.10');
  python('python3.9', '3.9');
  expect(await find()).toMatchObject({ executable, version: '3.10' });
});

test('one that is newer than those tested is taken only when there is no other', async () => {
  const newest = python('python3', '3.99');
  expect(await find()).toMatchObject({ executable: newest });
  const tested = python('python3.12', '3.12');
  expect(await find()).toMatchObject({ executable: tested });
});

test('PYTHON names the one to take, whatever is on PATH', async () => {
  python('python3', '3.11');
  const own = script(join(bin, 'elsewhere', 'py'), "printf '%s\\n' '3.9' '/base/python' ''");
  expect(await find({ PYTHON: own })).toMatchObject({ executable: own, version: '3.9' });
  await expect(find({ PYTHON: join(bin, 'none') })).rejects.toMatchObject({
    code: 'PYTHON_MISSING',
    message: expect.stringContaining(`PYTHON=${join(bin, 'none')} is not a usable Python`),
  });
});

test('without a usable one the error names what was found and what to do', async () => {
  await expect(find()).rejects.toMatchObject({
    code: 'PYTHON_MISSING',
    exitCode: 3,
    message: expect.stringContaining('none was found on PATH'),
    hint: expect.stringContaining('PYTHON='),
  });
  python('python3', '3.11', "No module named 'ensurepip'");
  await expect(find()).rejects.toMatchObject({
    message: expect.stringContaining("python3 is Python 3.11, No module named 'ensurepip'"),
  });
});
