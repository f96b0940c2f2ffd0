import { describe, expect, it } from 'vitest';
import { SETTING_NAMES, SETTING_TABLE } from '../../orchestrator/config/setting-table.ts';
import { SETTING_HELP } from '../../producer/command/setting-help.ts';
import { SCENARIO_NAMES } from '../../producer/faults/scenarios.ts';
import { SETTING_SCHEMAS } from '../../producer/setting-schemas.ts';

// The producer runs by itself, too, and imports nothing of the orchestrator: what both say must be the same.
describe("the producer's settings", () => {
  const ofTable = SETTING_NAMES.filter((name) => SETTING_TABLE[name].usedBy === 'producer');

  it('are those of the table, and the three that every runtime sets by itself', () => {
    const own = ['KAFKA_BOOTSTRAP_SERVERS', 'KAFKA_TOPIC', 'ANSWER_KEY'];
    expect(Object.keys(SETTING_SCHEMAS).toSorted()).toEqual([...own, ...ofTable].toSorted());
  });

  it.each(ofTable)('%s means the same to both', (name) => {
    expect(SETTING_HELP[name as keyof typeof SETTING_HELP]).toBe(SETTING_TABLE[name].meaning);
  });

  it.each([
    ['SCENARIO', [...SCENARIO_NAMES, 'chaos', 'Clean']],
    ['SEED', ['0', '42', '999999999999999', '1e3', '-1', '0x1', '1234567890123456']],
    [
      'EVENT_START',
      ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5+01:00', '2026-01-01', '2026-02-30T00:00:00Z'],
    ],
    ['EVENTS_PER_SEC', ['5', '0.5', '0', '0.0', '-1', '1e3']],
    ['DAY_NIGHT', ['0', '1', 'true']],
    ['LATE_RATE', ['0', '0.05', '1', '1.0', '1.1', '.5', '5%', '1e-3']],
    ['FRAUD_RATE', ['0', '0.25', '0.26', '1']],
    ['BURST', ['off', '10x5/60', '2.5x1/3', '10', '10x5', 'x5/60']],
    ['MAX_RECORDS', ['1', '1000000', '0', '1.5', '-1']],
    ['DURATION', ['5 minutes', '1 second', '0 seconds', '5', '1 month']],
    [
      'MSGS_PER_SEC',
      ['0', '5', '0.5', '-1', 'abc', '2e4', '1e9', '1e10', '5e-7', '1e999', '1e-400', '1e-99', '0x5'],
    ],
  ] as const)('%s has the same values allowed by both', (name, values) => {
    for (const value of values) {
      const byTable = SETTING_TABLE[name].schema.safeParse(value).success;
      expect([value, SETTING_SCHEMAS[name].safeParse(value).success]).toEqual([value, byTable]);
    }
  });
});
