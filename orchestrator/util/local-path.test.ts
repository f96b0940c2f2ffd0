import { expect, test } from 'vitest';
import { fileUri, localPath } from './files.ts';

test.each([
  ['/a/b', 'file:///a/b'],
  ['/a b/c#d', 'file:///a%20b/c%23d'],
  ['/a/c%20d?', 'file:///a/c%2520d%3F'],
  ['/a[1]/{b}/é', 'file:///a%5B1%5D/%7Bb%7D/%C3%A9'],
])('%s is %s, also for Java', (path, uri) => {
  expect(fileUri(path)).toBe(uri);
  expect(localPath(uri)).toBe(path);
});
