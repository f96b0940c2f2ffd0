import { expect, it } from 'vitest';
import { agreementOf } from '../support/drawn-agreement.ts';

it('job and verify agree on every record of many drawn contracts', async () => {
  const seeds = Array.from({ length: 120 }, (_, at) => `long-${at}`);
  const { differences } = await agreementOf(seeds, 80);
  expect(differences).toEqual([]);
});
