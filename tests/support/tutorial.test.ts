import { describe, expect, it } from 'vitest';
import {
  blocksOf,
  type ConsoleBlock,
  changed,
  type DiffBlock,
  firstDifference,
  withOutputs,
} from './tutorial.ts';

const DOCUMENT = [
  '# Title',
  '```json',
  '{}',
  '```',
  '```console',
  '$ npm run x -- --sql "a b"',
  'out',
  '```',
  'end',
];
const [block] = blocksOf(DOCUMENT.join('\n')) as [ConsoleBlock];

describe('a tutorial', () => {
  it('has its commands and outputs in console blocks', () => {
    expect(block).toMatchObject({ kind: 'console', args: ['x', '--', '--sql', 'a b'], shown: ['out'] });
    expect(() => blocksOf('```console\n$ rm -r /\n```')).toThrow('"$ npm run"');
    const next = withOutputs(DOCUMENT.join('\n'), [{ block, lines: ['one', 'two'] }]);
    expect(blocksOf(next)).toMatchObject([{ shown: ['one', 'two'] }]);
    expect(next.endsWith('```\nend')).toBe(true);
  });

  it('has changes of files in diff blocks', () => {
    const [diff] = blocksOf('```diff a.yml\n a: 1\n-b: 2\n+b: 3\n```') as [DiffBlock];
    expect(diff.file).toBe('a.yml');
    expect(changed('x\na: 1\nb: 2\ny\n', diff)).toBe('x\na: 1\nb: 3\ny\n');
    expect(() => changed('a: 1\n', diff)).toThrow('a.yml has the lines of the change 0 times');
  });
});

describe('an output', () => {
  it.each([
    [['Ready after 1 min 2 s', 'a  1,234 ▁▂█'], ['Ready after 4 s', 'a      7 ▇·'], undefined],
    [['one', '…'], ['one', 'two', 'three'], undefined],
    [['…', 'three'], ['one', 'two', 'three'], undefined],
    [['one'], ['two'], { shown: 'one', actual: 'two' }],
    [['one'], ['one', 'two'], { shown: undefined, actual: 'two' }],
    [['one', 'two'], ['one'], { shown: 'two', actual: undefined }],
    [['…', 'four'], ['one'], { shown: 'four', actual: undefined }],
  ])('%j is shown for %j: %o', (shown, actual, difference) => {
    expect(firstDifference(shown, actual)).toEqual(difference);
  });
});
