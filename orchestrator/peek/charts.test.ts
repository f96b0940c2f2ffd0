import { expect, test } from 'vitest';
import { sparkLine } from './gold-text.ts';
import { bar } from './rejected-text.ts';

test('a spark-line is scaled to its largest value, and distinguishes little from nothing', () => {
  expect(sparkLine([0, 1, 2, 3, 4, 5, 6, 7, 8])).toBe('·▁▂▃▄▅▆▇█');
  expect(sparkLine([1, 1_000_000])).toBe('▁█');
  expect(sparkLine([0, 0])).toBe('··');
  expect(sparkLine([])).toBe('');
});

test('a bar is as long as its share, in eighths, and never invisible', () => {
  expect(bar(4, 4, 3)).toBe('███');
  expect(bar(1, 2, 3)).toBe('█▌');
  expect(bar(1, 1_000_000, 3)).toBe('▏');
  expect(bar(0, 0, 3)).toBe('');
});
