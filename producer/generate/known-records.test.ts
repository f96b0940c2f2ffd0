import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { configuredStream, readEvents } from '../configured-stream.ts';

/** Keys, values, faults and reasons of the first records of a seed. */
function digestOf(scenario: string): string {
  const config = readConfig({ SEED: '7', EVENT_START: '2026-01-01T00:00:00Z', SCENARIO: scenario });
  const { source } = configuredStream(config, readEvents(config, 0), 0);
  const hash = createHash('sha256');
  for (let count = 0; count < 10_000; count++) {
    const { key, value, trace } = source.next(1e12);
    hash.update(`${JSON.stringify([key, value, trace?.fault ?? null, trace?.reason ?? null])}\n`);
  }
  return hash.digest('hex');
}

// Taken before the producer could make other events than card transactions.
it.each([
  ['clean', '4648a04592753974b66905708defa685048c3dc44529dbb4499900204ffb2eae'],
  ['messy', '088797762778efffdd1199bf78db96bec63bc2e176a486ca834393cb92652172'],
  ['late', '1ac5b3b4f1fb88cccfc55757e5738540df2f3cbf37a4bebdd05a47f73f9b2755'],
  ['burst', 'cd112bf8f035c413e8731269b9be40ddc822621760f4f6c50293d83cec609ec7'],
  ['fraud', '487fe9035a9161a4d2e0525c72cc0307dc7f610a849b9e43d832c7fefd2bb97c'],
])('makes the same card transactions as ever: SCENARIO=%s', (scenario, digest) => {
  expect(digestOf(scenario)).toBe(digest);
});
