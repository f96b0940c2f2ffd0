import { describe, expect, it } from 'vitest';
import { barPlot, linePlot } from './svg-plot.ts';

const numbers = (svg: string, pattern: RegExp) => [...svg.matchAll(pattern)].map((match) => Number(match[1]));

describe('a bar plot', () => {
  const plot = barPlot('Drain', 'records/s', [
    { label: 'a < b & c', value: 50, min: 40, max: 60 },
    { label: 'twice', value: 100, min: 100, max: 120 },
  ]);

  it('has bars in proportion to the medians', () => {
    const [first = 0, second = 0] = numbers(plot, /<rect x="230" y="\d+" width="([\d.]+)"/g);
    expect(second / first).toBeCloseTo(2, 1);
  });

  it('escapes what would be markup', () => {
    expect(plot).toContain('a &lt; b &amp; c');
  });
});

describe('a line plot', () => {
  it('sets equal factors apart equally', () => {
    const points = [100, 1000, 10_000].map((x) => [x, 5] as const);
    const plot = linePlot('Cost', 'records', 'µs', [{ label: 'ours', points }]);
    const [a = 0, b = 0, c = 0] = numbers(plot, /<circle cx="([\d.]+)"/g);
    expect(b - a).toBeCloseTo(c - b, 0);
    expect(b).toBeGreaterThan(a);
  });
});
