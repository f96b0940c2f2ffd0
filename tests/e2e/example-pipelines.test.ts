import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reproducible, verifiedWithKey } from '../support/example-pipelines.ts';
import { TestStack } from '../support/test-stack.ts';

const RECORDS = 3000;

/** One of the examples; the part `long` has all of them, with many more records. */
describe('the example pipeline orders', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.started({ ...reproducible('orders', RECORDS), EVENTS_PER_SEC: '5' });
  });
  afterAll(() => stack?.discard());

  it('puts every record with a fault where its answer key says', async () => {
    const { deep, gold } = await verifiedWithKey(stack, RECORDS);
    expect(deep?.equalRows['quarantine']).toBeGreaterThan(0);
    expect(Object.keys(deep?.reasons ?? {})).toContain('total_is_positive');
    expect(gold.tables).toMatchObject([{ name: 'revenue' }]);
    expect(gold.tables[0]?.equalWindows).toBeGreaterThan(0);
  });

  it('is shown by peek with its own columns', async () => {
    const { code, stdout } = await stack.run('peek');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /\nGold: the most active by shop, currency of the newest \d+ minutes of closed windows/,
    );
    expect(stdout).toMatch(/\nreason +partition +offset +an example\n/);
    expect(stdout).toMatch(/\nNewest rows of silver:\nevent_time \(UTC\) +shop +currency +total +/);
    const lines = await stack.json<{ rows: { lines: { sku: string }[] }[] }>('peek', [
      '--sql',
      'SELECT lines FROM silver LIMIT 1',
    ]);
    expect(lines.rows[0]?.lines[0]?.sku).toEqual(expect.any(String));
  });
});
