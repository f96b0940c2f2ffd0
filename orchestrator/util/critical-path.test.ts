import { expect, it } from 'vitest';
import { criticalPath } from './run-plan.ts';

it('names the chain that decided the duration, back from the step that ended last', () => {
  const path = criticalPath([
    { name: 'zookeeper', startMs: 0, endMs: 300, after: [] },
    { name: 'kafka', startMs: 300, endMs: 2300, after: ['zookeeper'] },
    { name: 'master', startMs: 0, endMs: 1900, after: [] },
    { name: 'job', startMs: 2300, endMs: 9000, after: ['kafka', 'master'] },
    { name: 'producer', startMs: 2300, endMs: 3000, after: ['kafka'] },
  ]);
  expect(path).toEqual([
    { name: 'zookeeper', elapsedMs: 300 },
    { name: 'kafka', elapsedMs: 2000 },
    { name: 'job', elapsedMs: 6700 },
  ]);
});

it('is empty for a plan without steps', () => {
  expect(criticalPath([])).toEqual([]);
});
