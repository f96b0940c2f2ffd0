import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chaosOf, expectUndamaged } from '../support/chaos.ts';
import { contentDigests } from '../support/content-digests.ts';
import { EXAMPLES, exampleOf, reproducible, verifiedWithKey } from '../support/example-pipelines.ts';
import { TestStack } from '../support/test-stack.ts';

const RECORDS = 200_000;
const FAULTS = 15;

describe.each(EXAMPLES)('%s, with 200,000 messy records', (name) => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.started({ ...reproducible(name, RECORDS), EVENTS_PER_SEC: '100' });
  });
  afterAll(() => stack?.discard());

  it('has all of them where the answer key says, and the same ones after a reset', async () => {
    const { gold } = await verifiedWithKey(stack, RECORDS);
    const { gold: tables } = exampleOf(name);
    expect(gold.tables.map((table) => table.name)).toEqual(tables.map((table) => table.name));
    for (const table of gold.tables) expect(table.equalWindows, table.name).toBeGreaterThan(0);
    const first = await contentDigests(stack.outputPath);
    const reset = await stack.run('reset');
    expect(reset.stderr + reset.stdout).toContain('Ready after');
    await verifiedWithKey(stack, RECORDS);
    expect(await contentDigests(stack.outputPath)).toEqual(first);
  });
});

describe.each(EXAMPLES)('%s, under faults', (name) => {
  let stack: TestStack;
  beforeAll(async () => {
    const settings = { PIPELINE: name, KAFKA_TOPIC: name, SCENARIO: 'messy', SEED: '7' };
    stack = await TestStack.started({ ...settings, MSGS_PER_SEC: '50', MAX_FILES_PER_SINK: '0' });
  });
  afterAll(() => stack?.discard());

  // Fifteen faults with recovery and verification take longer than other tests.
  it('has nothing missing, doubled or wrong', { timeout: 3_600_000 }, async () => {
    const args = ['--seed', '7', '--faults', String(FAULTS), '--pause', '0'];
    expectUndamaged(await chaosOf(stack, args), FAULTS);
  });
});
