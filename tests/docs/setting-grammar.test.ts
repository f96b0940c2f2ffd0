// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a path with a variable is one of the values.
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../orchestrator/settings/load-settings.ts';
import { jobTable } from '../../orchestrator/settings/setting-documents.ts';
import { readValue, valueText } from '../../orchestrator/settings/setting-kinds.ts';
import type { SettingRows } from '../../orchestrator/settings/setting-row.ts';
import {
  choice,
  duration,
  flag,
  folder,
  hosts,
  integer,
  jvmOptions,
  number,
  offsets,
  path,
  share,
  text,
  topic,
  type ValueKind,
} from '../../orchestrator/settings/setting-row.ts';
import type { SettingName } from '../../orchestrator/settings/setting-table.ts';
import { stackConfig } from '../../orchestrator/settings/stack-config.ts';
import { refuseOffsetsOfOtherTopic } from '../../orchestrator/settings/stack-topic.ts';
import { fileUri, localPath } from '../../orchestrator/util/files.ts';
import { ProductError } from '../../orchestrator/util/product-error.ts';
import { readConfig, readSettings } from '../../producer/config.ts';
import { ConfigError } from '../../producer/errors.ts';
import { derivedSeed, seededRandom } from '../../producer/generate/random.ts';
import { hasPython, runJobProgram } from '../support/job-program.ts';
import { projectDir } from '../support/project.ts';

/** Parts from which values of each kind are drawn, including wrong ones. */
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
  // The right parts are more frequent, or hardly any value would be right as a whole.
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
  share: [
    ['', ' ', '-'],
    ['0', '1', '00', '2', '٣', ''],
    ['', '.', '.0', '.5', '.25', '.000000001', '.0000000001', 'e-3', '%'],
    ['', ' ', '\n'],
  ],
  path: [
    ['', '', '/', './', '~/', '$HOME/', '${HOME}', '$1', 'file:///', 'C:\\', 's3a://b/', ' '],
    [
      'data',
      'a b#c%20d[1]é',
      'x'.repeat(255),
      'é'.repeat(128),
      'a\nb',
      '\u001b[31m',
      '\u0085',
      '٣',
      '\u00a0x',
      '',
    ],
    ['', '', '/', '/out', '/x'.repeat(480), '\t'],
  ],
  place: [
    ['s3a:', 'hdfs:', 'file:', 'FILE:', 's:', '', '', '~'],
    ['//b', '//host:8020', '//', '/', ''],
    ['', '/', '//', '/x', 'x', '/../x', '/a b#c%20d[1]é', '/..', '\u00a0'],
    ['', '/', '//', ' ', '\n'],
  ],
  hosts: [
    ['', ' ', 'a:1,', 'a:1 , '],
    ['localhost', '10.0.0.1', '[::1]', '::1', 'kafka_1', 'ü', ''],
    [':', ':', ':', ''],
    ['9092', '1', '65535', '65536', '0', '00009', '٣', ''],
    ['', '', ' ', ',', ',b:2', ';b:2'],
  ],
  jvm: [
    ['', ' ', '-Xss1m ', '-XX:+UseG1GC\t'],
    ['-Da=b', '--add-opens=x/y', '-Xmx2g', '-Xms1m', '-Xmn1m', '-', '--', '-1', 'UseSerialGC', '-Da="b"', ''],
    ['', ' ', ' -Db=é', ' -server', '\u00a0-server'],
  ],
  text: [
    ['', ' '],
    ['ab', 'aab', 'b', 'AB', 'a\nb', ''],
    ['', ' ', '\n', '1', '٣', '123'],
  ],
} as const;

/** Settings that no checkout has: one of each kind, and more where limits matter. */
const INJECTED: Readonly<Record<string, readonly [ValueKind, keyof typeof KINDS]>> = {
  NEW_INTEGER: [integer(1, 1000), 'number'],
  NEW_NUMBER: [number(0.5, 1e100, 'a number from 0.5 to 1e100'), 'number'],
  NEW_SHARE: [share(0.25), 'share'],
  NEW_FLAG: [flag, 'word'],
  NEW_CHOICE: [choice('single', 'a.b', '0'), 'word'],
  NEW_DURATION: [duration(1), 'duration'],
  NEW_TOPIC: [topic, 'topic'],
  NEW_PATH: [path('a path'), 'path'],
  NEW_FOLDER: [folder, 'path'],
  NEW_HOSTS: [hosts, 'hosts'],
  NEW_JVM_OPTIONS: [jvmOptions, 'jvm'],
  NEW_OFFSETS: [offsets, 'offsets'],
  NEW_TEXT: [text('a+b[0-9]{0,2}', 'a, b and two digits'), 'text'],
};
const INJECTED_TABLE: SettingRows = Object.fromEntries(
  Object.entries(INJECTED).map(([name, [takes]]) => [
    name,
    { takes, usedBy: ['job', 'producer'], defaultText: 'unset', meaning: 'Drawn' },
  ]),
);

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

/** Values of a kind. They are the same in every run. */
function drawn(kind: keyof typeof KINDS): readonly string[] {
  const random = seededRandom(derivedSeed('grammar', kind));
  const one = () => KINDS[kind].map((parts) => parts[Math.floor(random.fraction() * parts.length)]).join('');
  return [...new Set(Array.from({ length: DRAWS }, one))].filter((value) => value.trim() !== '');
}

/** The value that the table passes on, as text. Undefined where it refuses. */
function ofTable(name: SettingName, value: string): string | undefined {
  try {
    const settings = loadSettings({ flags: {}, environment: { [name]: value }, projectDir: '/nonexistent' });
    refuseOffsetsOfOtherTopic({ settings, projectDir });
    return String(settings[name]);
  } catch (error) {
    if (error instanceof ProductError) return undefined;
    throw error;
  }
}

/** OUTPUT_PATH as `up` passes it to the job. Undefined where it refuses. */
function outputPathOfUp(given: string): string | undefined {
  const source = { flags: {}, environment: { OUTPUT_PATH: given }, projectDir: '/srv/checkout' };
  try {
    const { OUTPUT_PATH = '' } = stackConfig(loadSettings(source), source.projectDir, {}).settings;
    const local = localPath(OUTPUT_PATH);
    return local === undefined ? OUTPUT_PATH : fileUri(local);
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
from medallion.settings import load_settings
from medallion.errors import JobError

def takes(name, value):
    try:
        load_settings({name: value})
        return True
    except JobError:
        return False

print(json.dumps([takes(name, value) for name, value in json.load(sys.stdin)]))`;
  return runJobProgram(program, pairs) as readonly boolean[];
}

// A value that `up` accepts must not end the job or the producer minutes later.
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
    const compared = pairs.map((pair, index) => [...pair, taken[index] !== undefined]);
    expect(pairs.map((pair, index) => [...pair, job[index]])).toEqual(compared);
    const handedOn = pairs.flatMap(([name], index) => {
      const value = taken[index];
      return value === undefined ? [] : [[name, value] as const];
    });
    expect(byJob(handedOn)).toEqual(handedOn.map(() => true));
    expect(new Set(handedOn.map(([name]) => name)).size).toBe(new Set(pairs.map(([name]) => name)).size);
  });

  it.runIf(hasPython)('for OUTPUT_PATH names a place that the job takes (not tried: no python3)', () => {
    const places = drawn('place').flatMap((value) => outputPathOfUp(value) ?? []);
    expect(places.length).toBeGreaterThan(20);
    const job = byJob(places.map((place) => ['OUTPUT_PATH', place]));
    expect(places.filter((_, index) => !job[index])).toEqual([]);
  });

  it.each(Object.entries(INJECTED))(
    'of the kind of %s has the same value for the producer',
    (name, [takes, kind]) => {
      const values = drawn(kind);
      const table = values.map((value) => [value, ofKind(takes, value)]);
      expect(values.map((value) => [value, ofProducer(name, value)])).toEqual(table);
      expect(new Set(table.map(([, value]) => value === undefined))).toEqual(new Set([true, false]));
      // The text that is passed on has the same meaning when it is read again.
      for (const [, value] of table) {
        if (value !== undefined) expect(ofKind(takes, valueText(takes, value))).toEqual(value);
      }
    },
  );

  it.runIf(hasPython)('of any kind has the same value for the job (not tried: no python3)', () => {
    const pairs = Object.entries(INJECTED).flatMap(([name, [, kind]]) =>
      drawn(kind).map((value) => [name, value] as const),
    );
    const table = pairs.map(([name, value]) =>
      ofKind((INJECTED[name] as (typeof INJECTED)[string])[0], value),
    );
    const job = ofJob(pairs);
    const both = pairs.map((pair, index) => [...pair, table[index] ?? null]);
    expect(pairs.map((pair, index) => [...pair, job[index]])).toEqual(both);
  });
});

function ofKind(takes: ValueKind, given: string): string | number | boolean | undefined {
  const reading = readValue<ValueKind>(takes, given);
  return 'value' in reading ? reading.value : undefined;
}

function ofProducer(name: string, value: string): unknown {
  try {
    return (readSettings({ [name]: value }, INJECTED_TABLE) as Readonly<Record<string, unknown>>)[name];
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/**
 * The job's value of each setting of the injected table, in one Python process. Null where it is
 * refused.
 */
function ofJob(pairs: readonly (readonly [string, string])[]): readonly unknown[] {
  const program = `
import json, sys
from medallion.settings import field_of, read_settings

table, pairs = json.load(sys.stdin)
rows = json.loads(table)["settings"]

def value(name, text):
    values, problems = read_settings({name: text}, rows)
    assert len(problems) <= 1 and all(problem.startswith(name + " is ") for problem in problems), problems
    assert problems or set(values) == {field_of(row["name"]) for row in rows}
    return None if problems else values[field_of(name)]

print(json.dumps([value(name, text) for name, text in pairs]))`;
  return runJobProgram(program, [jobTable(INJECTED_TABLE), pairs]) as readonly unknown[];
}
