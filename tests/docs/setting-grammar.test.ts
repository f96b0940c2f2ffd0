import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../orchestrator/config/load-settings.ts';
import { ProductError } from '../../orchestrator/core/product-error.ts';
import type { SettingName } from '../../orchestrator/settings/setting-table.ts';
import { readConfig } from '../../producer/config.ts';
import { ConfigError } from '../../producer/config-error.ts';
import { derivedSeed, seededRandom } from '../../producer/random.ts';
import { projectDir } from '../support/project.ts';

/** Parts that values of each kind are drawn from, the wrong ones among them. */
const KINDS = {
  duration: [
    ['', ' '],
    ['0', '1', '5', '007', '30', '1000000000', '200000', '-1', '1.5', '٣', ''],
    ['', ' ', '  ', '\t'],
    ['millisecond', 'second', 'SECOND', 'Minute', 'hour', 'day', 'week', 's', ''],
    ['', 's', 'S'],
    ['', ' '],
  ],
  number: [
    ['', ' ', '-', '+'],
    ['0', '1', '5', '007', '999', '1000', '1001', '10000', '10001', '1000001', '2147483648', '٣', 'many'],
    ['', '.0', '.5', 'e1', 'E+2', 'e-2', 'e99', '_0'],
    ['', ' '],
  ],
  // The right parts more often, or hardly any value would be right as a whole.
  offsets: [
    ['{"', '{"', '{"', '{"', "{'", ''],
    ['transactions', 'transactions', 'transactions', 'other', 'earliest', 'latest'],
    ['":{"', '":{"', '":{"', '":{"', ''],
    ['0', '1', '00', '-1', 'x', ''],
    ['":', '":', '":', '":', ''],
    ['1', '0', '23', '1.0', '1e3', '-1', '-2', '-3', 'true', '"1"', '9007199254740993', ''],
    ['}}', '}}', '}}', ',"1":2}}', '},"b":{"0":1}}', '}', ''],
  ],
  word: [
    ['true', 'false', 'True', 'TRUE', '0', '1', 'yes', 'single', 'parallel', 'Single', ''],
    ['', ' '],
  ],
  topic: [
    ['a', 'A.b_c-9', '.', '..', 'é', 'x'.repeat(249)],
    ['', 'b', ' ', ' c', '/'],
  ],
} as const;

const SETTINGS: readonly (readonly [SettingName, keyof typeof KINDS, 'job' | 'producer'])[] = [
  ['TRIGGER_INTERVAL', 'duration', 'job'],
  ['GOLD_TRIGGER_INTERVAL', 'duration', 'job'],
  ['DURATION', 'duration', 'producer'],
  ['MSGS_PER_SEC', 'number', 'producer'],
  ['EVENTS_PER_SEC', 'number', 'producer'],
  ['MAX_RECORDS', 'number', 'producer'],
  ['SEED', 'number', 'producer'],
  ['LATE_RATE', 'number', 'producer'],
  ['MAX_OFFSETS_PER_TRIGGER', 'number', 'job'],
  ['MAX_FILES_PER_SINK', 'number', 'job'],
  ['SPARK_SQL_SHUFFLE_PARTITIONS', 'number', 'job'],
  ['STARTING_OFFSETS', 'offsets', 'job'],
  ['FAIL_ON_DATA_LOSS', 'word', 'job'],
  ['SHOW_PREVIEWS', 'word', 'job'],
  ['SINK_FILES', 'word', 'job'],
  ['KAFKA_TOPIC', 'topic', 'job'],
  ['KAFKA_TOPIC', 'topic', 'producer'],
];
const DRAWS = 200;

/** Values of a kind, the same ones in every run. */
function drawn(kind: keyof typeof KINDS): readonly string[] {
  const random = seededRandom(derivedSeed('grammar', kind));
  const one = () => KINDS[kind].map((parts) => parts[Math.floor(random.fraction() * parts.length)]).join('');
  return [...new Set(Array.from({ length: DRAWS }, one))].filter((value) => value.trim() !== '');
}

/** What the table hands on, as text; undefined where it refuses. */
function ofTable(name: SettingName, value: string): string | undefined {
  try {
    return String(
      loadSettings({ flags: {}, environment: { [name]: value }, projectDir: '/nonexistent' })[name],
    );
  } catch (error) {
    if (error instanceof ProductError) return undefined;
    throw error;
  }
}

function byProducer(name: SettingName, value: string): boolean {
  try {
    readConfig({ [name]: value });
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

/** Whether the job takes each value, in one process of Python. */
function byJob(pairs: readonly (readonly [SettingName, string])[]): readonly boolean[] {
  const program = `
import json, sys
from medallion.config import load_settings
from medallion.errors import JobError

def takes(name, value):
    try:
        load_settings({name: value})
        return True
    except JobError:
        return False

print(json.dumps([takes(name, value) for name, value in json.load(sys.stdin)]))`;
  const cwd = join(projectDir, 'spark-app');
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8' };
  return JSON.parse(
    execFileSync('python3', ['-c', program], { cwd, env, input: JSON.stringify(pairs), encoding: 'utf8' }),
  );
}

const hasPython = spawnSync('python3', ['--version']).status === 0;

// Whatever `up` accepts must not end the job or the producer minutes later.
describe('a value that the table takes', () => {
  it.each(SETTINGS.filter(([, , user]) => user === 'producer'))(
    'of %s is taken by the producer, and no other',
    (name, kind) => {
      const values = drawn(kind);
      const table = values.map((value) => [value, ofTable(name, value) !== undefined]);
      expect(values.map((value) => [value, byProducer(name, value)])).toEqual(table);
      expect(new Set(table.map(([, isTaken]) => isTaken))).toEqual(new Set([true, false]));
      for (const value of values) {
        const handedOn = ofTable(name, value);
        if (handedOn !== undefined) expect([value, byProducer(name, handedOn)]).toEqual([value, true]);
      }
    },
  );

  it.runIf(hasPython)('is taken by the job, and no other (not tried: no python3)', () => {
    const pairs = SETTINGS.filter(([, , user]) => user === 'job').flatMap(([name, kind]) =>
      drawn(kind).map((value) => [name, value] as const),
    );
    const taken = pairs.map(([name, value]) => ofTable(name, value));
    const job = byJob(pairs);
    // JavaScript takes 1.0 and 1e3 for whole numbers, and hands them on as such.
    const isExact = ([name, value]: readonly [SettingName, string]) =>
      name !== 'STARTING_OFFSETS' || !/\d(\.0|e3)/.test(value);
    const compared = pairs.map((pair, index) => [
      ...pair,
      isExact(pair) ? taken[index] !== undefined : job[index],
    ]);
    expect(pairs.map((pair, index) => [...pair, job[index]])).toEqual(compared);
    const handedOn = pairs.flatMap(([name], index) => {
      const value = taken[index];
      return value === undefined ? [] : [[name, value] as const];
    });
    expect(byJob(handedOn)).toEqual(handedOn.map(() => true));
    expect(new Set(handedOn.map(([name]) => name)).size).toBe(new Set(pairs.map(([name]) => name)).size);
  });
});
