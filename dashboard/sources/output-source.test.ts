import { afterEach, beforeEach, expect, it } from 'vitest';
import { PlantedOutputs, rowsOf } from '../../tests/support/planted-outputs.ts';
import { OutputSource } from './output-source.ts';

let outputs: PlantedOutputs;
let source: OutputSource;
beforeEach(async () => {
  outputs = await PlantedOutputs.create();
  source = new OutputSource(outputs.path, ['bronze', 'silver', 'quarantine', 'gold', 'raw_csv']);
});
afterEach(() => outputs.remove());

it('has nothing before the job has begun', async () => {
  expect(await source.read()).toMatchObject({
    committed: undefined,
    start: undefined,
    runningBatch: undefined,
  });
});

it('has what is committed, and what is running', async () => {
  await outputs.start({ 0: 0 });
  await outputs.commit(0, { 0: 3 });
  await outputs.batch(0, rowsOf(0, 0, 3));
  const first = await source.read();
  expect(first.committed).toMatchObject({ batch: 0, end: new Map([[0, 3]]) });
  expect(first.files.get('silver')).toBe(1);
  expect(first.files.get('gold')).toBe(0);
  await outputs.commit(1, { 0: 5 });
  expect((await source.read()).committed).toMatchObject({ batch: 1, end: new Map([[0, 5]]) });
});
