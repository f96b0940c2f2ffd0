import { expect, it } from 'vitest';
import { agreementOf } from '../support/drawn-agreement.ts';

it.each([0, 1, 2, 3])('job and verify agree on every record of 25 more drawn contracts, %i', async (part) => {
  const seeds = Array.from({ length: 25 }, (_, at) => `long-${part}-${at}`);
  const { differences } = await agreementOf(seeds, 80);
  expect(differences).toEqual([]);
});
