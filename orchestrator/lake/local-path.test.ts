import { expect, test } from 'vitest';
import { localPath } from '../util/files.ts';
import { localOutputPath } from './sinks.ts';

test.each([
  ['/a/b', '/a/b'],
  ['/a/b c%20d#e', '/a/b c%20d#e'],
  ['file:/a/b%20c%2520d', '/a/b c%20d'],
  ['file:/a/b c#d', '/a/b c#d'],
  ['file:/a/100%', '/a/100%'],
  ['file:///a/caf%C3%A9%5B1%5D', '/a/café[1]'],
  ['file:///a/b', '/a/b'],
  ['FILE:/a', '/a'],
  ['file://host/a', undefined],
  ['hdfs://host/a', undefined],
  ['s3a://bucket/a', undefined],
])('the local path of %s is %s', (outputPath, path) => {
  expect(localPath(outputPath)).toBe(path);
  if (path === undefined) expect(() => localOutputPath(outputPath)).toThrow('not on the local disk');
  else expect(localOutputPath(outputPath)).toBe(path);
});
