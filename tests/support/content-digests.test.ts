import { afterEach, beforeEach, expect, it } from 'vitest';
import { contentDigests } from './content-digests.ts';
import { PlantedOutputs, rowsOf } from './planted-outputs.ts';

const planted: PlantedOutputs[] = [];
beforeEach(async () => {
  for (let made = 0; made < 2; made++) planted.push(await PlantedOutputs.create());
});
afterEach(async () => {
  for (const outputs of planted.splice(0)) await outputs.remove();
});

it('sinks have the same digests whatever files their rows are in, and others for another value', async () => {
  const [one, other] = planted as [PlantedOutputs, PlantedOutputs];
  await one.batch(0, rowsOf(0, 0, 9));
  await one.quarantine(0, rowsOf(0, 9, 12));
  await other.batch(0, rowsOf(0, 0, 4));
  await other.batch(1, rowsOf(0, 4, 9));
  await other.quarantine(1, rowsOf(0, 9, 12));
  const digests = await contentDigests(one.path);
  expect(Object.keys(digests)).toEqual(['bronze', 'silver', 'quarantine', 'raw_csv']);
  for (const digest of Object.values(digests)) expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(await contentDigests(other.path)).toEqual(digests);

  await other.silver(1, [...rowsOf(0, 4, 8), { partition: 0, offset: 8, amount: '1.01' }]);
  const changed = await contentDigests(other.path);
  expect(changed).toEqual({ ...digests, silver: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(changed['silver']).not.toBe(digests['silver']);
});
