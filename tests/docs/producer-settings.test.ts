import { describe, expect, it } from 'vitest';
import { readValue } from '../../orchestrator/settings/setting-kinds.ts';
import type { ValueKind } from '../../orchestrator/settings/setting-row.ts';
import { rowsOf, SETTING_TABLE, settingNamesOf } from '../../orchestrator/settings/setting-table.ts';
import { settingHelp } from '../../producer/command/command-line.ts';
import { readConfig } from '../../producer/config.ts';
import { ConfigError } from '../../producer/errors.ts';
import { SCENARIO_NAMES } from '../../producer/faults/record-stream.ts';

function isTaken(environment: Readonly<Record<string, string>>): boolean {
  try {
    readConfig(environment);
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

describe("the producer's settings", () => {
  const ofTable = settingNamesOf('producer');

  it('are those of the table, and the two that every runtime sets by itself', () => {
    const own = ['KAFKA_BOOTSTRAP_SERVERS', 'ANSWER_KEY'];
    expect(rowsOf('producer').map(([name]) => name)).toEqual(expect.arrayContaining([...own, ...ofTable]));
    expect(rowsOf('producer')).toHaveLength(own.length + ofTable.length);
  });

  it.each(ofTable)('%s means the same to `npm run produce -- --help`', (name) => {
    expect(settingHelp()[name.toLowerCase().replaceAll('_', '-')]).toBe(SETTING_TABLE[name].meaning);
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
      const byTable = 'value' in readValue<ValueKind>(SETTING_TABLE[name].takes, value);
      // A burst needs a rate.
      expect([value, isTaken({ MSGS_PER_SEC: '5', [name]: value })]).toEqual([value, byTable]);
    }
  });
});
